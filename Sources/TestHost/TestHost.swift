import MartletCore
import NIOCore
import NIOPosix
import Synchronization

/// An application in the test's own process, with no socket and no waiting: requests go through the same
/// `Application.respond` as the server's, and time passes when the test says so.
///
///     let host = try TestHost(ExampleApp())
///     let alice = host.client()
///     try await alice.post("/account/login", form: ["user_id": "1", "username": "Alice"])
///     let chat = try await alice.stream("/chat/stream")
///     #expect(try await chat.next().event == "system")
public final class TestHost: Sendable {
    /// The application's clock; move it with `advance(by:)`.
    public let clock: ManualClock
    public let application: Application
    private let executor: LoopExecutor
    private let connections = Atomic<UInt64>(0)

    /// - Parameter configure: the last word after the app's own configuration, to put other services in its place.
    /// - Throws: `StartupError` as the server would.
    public init(_ app: some App, configure: (inout AppBuilder) throws -> Void = { _ in }) throws {
        let clock = ManualClock()
        let application = try Application(
            app, eventLoops: [MultiThreadedEventLoopGroup.singleton.next()], clock: clock, configure: configure)
        self.clock = clock
        self.application = application
        executor = application.executors[0]
        application.sse.start()
    }

    /// An application of these controllers alone.
    public convenience init(
        controllers: any Controller.Type..., configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws {
        try self.init(ControllersOnly()) { builder in
            builder.controllers(controllers)
            try configure(&builder)
        }
    }

    deinit {
        application.sse.stop()
        application.sse.closeAll()
    }

    /// A client with no cookies yet.
    public func client() -> TestClient { TestClient(self) }

    /// Lets time pass: whoever sleeps wakes in the order of the deadlines, and what they do is done when this returns.
    public func advance(by duration: Duration) async {
        let limit = clock.now.advanced(by: duration)
        await settle()
        while clock.step(to: limit) { await settle() }
        await settle()
    }

    /// Waits until nothing runs any more: what is left waits for a request, for time, or for another thread.
    func settle() async {
        var quietTurns = 0
        while quietTurns < 2 {
            let before = executor.enqueuedJobs.load(ordering: .relaxed)
            try? await executor.eventLoop.submit {}.get()
            let isQuiet =
                executor.enqueuedJobs.load(ordering: .relaxed) == before && !application.sse.isStoring
            quietTurns = isQuiet ? quietTurns + 1 : 0
        }
    }

    /// Does something where connections do.
    func onLoop(_ work: @escaping @Sendable () -> Void) async { try? await executor.eventLoop.submit(work).get() }

    /// Has the application answer, on its event loop as the server does.
    func respond(to request: Request, then use: @escaping @Sendable (Response, Context) async -> Void) async {
        let id = connections.add(1, ordering: .relaxed).newValue
        let info = ClientInfo(connectionID: id, address: "127.0.0.1", port: 50000 + Int(id % 10000))
        let ctx = application.context(request: request, client: info, eventLoop: executor.eventLoop)
        await withCheckedContinuation { continuation in
            executor.eventLoop.execute { [application, executor] in
                executor.start {
                    await use(await application.answer(ctx).response, ctx)
                    continuation.resume()
                }
            }
        }
    }
}

/// What stands for an app where a test names its controllers.
private struct ControllersOnly: App {
    func configure(_ app: inout AppBuilder) {}
}
