import HTTPTypes
import MartletCore
import MartletEventStream
import NIOCore
import Synchronization

/// A stream of events as a test's client sees it.
public final class TestStream: Sendable {
    private struct State {
        var parser = EventStreamParser()
        var arrived: [EventStreamParser.Event] = []
        var taken = 0
        var heartbeats = 0
        var hasEnded = false
        var isStalled = false
        var headers: HTTPFields = [:]
    }
    private let state = Mutex(State())
    private let host: TestHost
    private let subscription = Mutex<Subscriber?>(nil)
    private let reopen: @Sendable (_ lastEventID: String) async throws -> TestStream

    /// - Parameter reopen: sends the stream's request again.
    init(_ host: TestHost, reopen: @escaping @Sendable (_ lastEventID: String) async throws -> TestStream) {
        self.host = host
        self.reopen = reopen
    }

    /// Called on the event loop, as a connection would.
    func open(_ events: EventStream, _ headers: HTTPFields, _ ctx: Context) {
        state.withLock { $0.headers = headers }
        let subscriber = ctx.sse.join(
            events, sink: Sink(self), connection: ctx.client, eventLoop: ctx.eventLoop)
        subscription.withLock { $0 = subscriber }
    }

    /// The next event. Time does not pass here: what needs time comes after `host.advance(by:)`.
    ///
    /// - Throws: `TestStreamError` telling what did arrive, when there is no event and nothing is left that could send one.
    public func next() async throws -> EventStreamParser.Event {
        await host.settle()
        return try state.withLock { state in
            guard state.taken < state.arrived.count else {
                let ended = state.hasEnded ? " and the stream has ended" : ""
                let seen = state.arrived.map { "\($0.event): \($0.data)" }.joined(separator: "\n  ")
                throw TestStreamError("No event is left\(ended). These arrived:\n  \(seen)")
            }
            defer { state.taken += 1 }
            return state.arrived[state.taken]
        }
    }

    /// The next event, which must be of that type, and with that data where it is given.
    ///
    /// - Throws: `TestStreamError` telling what came instead.
    @discardableResult
    public func expect(_ event: String, data: String? = nil) async throws -> EventStreamParser.Event {
        let next = try await next()
        guard next.event == event, data == nil || next.data == data else {
            throw TestStreamError(
                "Expected \(event)\(data.map { ": \($0)" } ?? ""), but \(next.event): \(next.data) came.")
        }
        return next
    }

    /// Nothing more has arrived.
    ///
    /// - Throws: `TestStreamError` telling what did.
    public func none() async throws {
        let events = await pending()
        guard events.isEmpty else {
            let seen = events.map { "\($0.event): \($0.data)" }.joined(separator: "\n  ")
            throw TestStreamError("Expected no event, but these came:\n  \(seen)")
        }
    }

    /// The events that have arrived and were not taken yet.
    public func pending() async -> [EventStreamParser.Event] {
        await host.settle()
        return state.withLock { state in
            defer { state.taken = state.arrived.count }
            return Array(state.arrived[state.taken...])
        }
    }

    /// True when the application has ended the stream.
    public var hasEnded: Bool {
        get async {
            await host.settle()
            return state.withLock { $0.hasEnded }
        }
    }

    /// How many comments came.
    public var commentCount: Int {
        get async {
            await host.settle()
            return state.withLock { $0.heartbeats }
        }
    }

    /// Goes away, as a client does that closes its connection.
    public func disconnect() async {
        let subscriber = subscription.withLock { $0 }
        await host.onLoop { subscriber?.left() }
        await host.settle()
    }

    /// No longer reads: what is sent from now on waits on the application's side.
    public func stall() async {
        state.withLock { $0.isStalled = true }
        await host.settle()
    }

    /// Reads again.
    public func resume() async {
        state.withLock { $0.isStalled = false }
        let subscriber = subscription.withLock { $0 }
        await host.onLoop { subscriber?.becameWritable() }
        await host.settle()
    }

    /// Closes the connection and sends the request again, as an `EventSource` does.
    ///
    /// - Parameter lastEventID: what it names as the last event; nil for the last id that it saw.
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func reconnect(lastEventID: String? = nil) async throws -> TestStream {
        await disconnect()
        return try await reopen(lastEventID ?? self.lastEventID)
    }

    /// The last id that it saw; empty for none.
    public var lastEventID: String { state.withLock { $0.parser.lastEventID } }

    /// How long the application has told it to wait before it reconnects.
    public var reconnectionTime: Duration? { state.withLock { $0.parser.reconnectionTime } }

    /// Of the response that the stream is.
    public var headers: HTTPFields { state.withLock { $0.headers } }

    fileprivate var isStalled: Bool { state.withLock { $0.isStalled } }

    fileprivate func receive(_ payload: ByteBuffer) {
        state.withLock { state in
            if String(buffer: payload).hasPrefix(":") { state.heartbeats += 1 }
            // What the encoder wrote is within the parser's limits.
            state.arrived += (try? state.parser.feed(payload)) ?? []
        }
    }

    fileprivate func end() { state.withLock { $0.hasEnded = true } }

    private final class Sink: EventSink {
        private let stream: TestStream
        init(_ stream: TestStream) { self.stream = stream }
        func write(_ frame: EventFrame) { stream.receive(frame.payload) }
        func flush() {}
        var isWritable: Bool { !stream.isStalled }
        func end() { stream.end() }
        func abort() { stream.end() }
    }
}

extension EventStreamParser.Event {
    /// The data, decoded from JSON.
    ///
    /// - Throws: `DecodingError` where the data is not JSON of that shape.
    public func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSON.decode(type, from: ByteBuffer(string: data))
    }
}

extension EventStreamParser.Event {
    /// The event of a family.
    ///
    /// - Throws: `UnknownServerEventError` for another event, `DecodingError` for a payload of another shape.
    public func typed<Event: ServerEvents>(_ type: Event.Type = Event.self) throws -> Event {
        try JSON.decode(type, named: event, from: ByteBuffer(string: data))
    }
}

/// What a test expected of a stream did not happen.
public struct TestStreamError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
