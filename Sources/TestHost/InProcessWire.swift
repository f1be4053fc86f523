import MartletCore
import NIOCore
import Synchronization

/// Calls the application on its event loop, as the server's connections do.
final class InProcessWire: TestWire {
    private let application: Application
    private let executor: LoopExecutor
    private let monitor: ActivityMonitor
    private let connections = Atomic<UInt64>(0)

    init(_ application: Application, _ executor: LoopExecutor, _ monitor: ActivityMonitor) {
        self.application = application
        self.executor = executor
        self.monitor = monitor
        application.sse.start()
    }

    var movementCount: Int { 0 }
    var isSending: Bool { false }

    func close() {}

    func send(_ request: TestRequest, wantsStream: Bool) async throws -> TestAnswer {
        let id = connections.add(1, ordering: .relaxed).newValue
        let client = ClientInfo(connectionID: id, address: "127.0.0.1", port: 50000 + Int(id % 10000))
        let content = RequestBody(request.content)
        let ctx = application.context(
            request: Request(
                method: request.method, target: request.target, headers: request.headers, body: content),
            client: client, eventLoop: executor.eventLoop)
        return try await withCheckedThrowingContinuation { continuation in
            executor.eventLoop.execute { [self] in
                let answer = application.answer(ctx)
                executor.start { [self] in
                    do {
                        continuation.resume(
                            returning: try await take(await answer.response, to: request, wantsStream, ctx))
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            }
        }
    }

    private func take(
        _ response: Response, to request: TestRequest, _ wantsStream: Bool, _ ctx: Context
    ) async throws -> TestAnswer {
        let log = monitor.log(of: ctx)
        switch response.body {
        case .events where !wantsStream:
            return .unwantedStream
        case .events(let events):
            let incoming = IncomingEvents()
            let subscriber = ctx.sse.join(
                events, sink: InProcessSink(incoming), connection: ctx.client, eventLoop: ctx.eventLoop)
            return .stream(incoming, InProcessLink(subscriber, incoming, executor), response.headers, log)
        case .empty, .omitted, .deferred:
            return .response(
                TestResponse(response.status, response.headers, ByteBuffer(), request, log, application.json))
        case .buffer(let buffer):
            return .response(TestResponse(response.status, response.headers, buffer, request, log, application.json))
        case .stream(_, let write):
            let collected = Mutex(ByteBuffer())
            try await write(BodyWriter { chunk in collected.withLock { _ = $0.writeImmutableBuffer(chunk) } })
            return .response(
                TestResponse(
                    response.status, response.headers, collected.withLock { $0 }, request, log, application.json))
        }
    }
}

/// Used on the event loop only, as every sink.
private final class InProcessSink: EventSink {
    private let incoming: IncomingEvents
    init(_ incoming: IncomingEvents) { self.incoming = incoming }
    func write(_ frame: EventFrame) { incoming.receive(frame.payload) }
    func flush() {}
    var isWritable: Bool { !incoming.isStalled }
    func end() { incoming.end() }
    func abort() { incoming.end() }
}

private struct InProcessLink: StreamLink {
    private let subscriber: Subscriber
    private let incoming: IncomingEvents
    private let executor: LoopExecutor

    init(_ subscriber: Subscriber, _ incoming: IncomingEvents, _ executor: LoopExecutor) {
        self.subscriber = subscriber
        self.incoming = incoming
        self.executor = executor
    }

    func disconnect() async { await onLoop { $0.left() } }

    func stall() async {
        incoming.isStalled = true
        await onLoop { $0.becameUnwritable() }
    }

    func resume() async {
        incoming.isStalled = false
        await onLoop { $0.becameWritable() }
    }

    private func onLoop(_ work: @escaping @Sendable (Subscriber) -> Void) async {
        try? await executor.eventLoop.submit { [subscriber] in work(subscriber) }.get()
    }
}
