import HTTPTypes
import MartletCore
import MartletEventStream
import NIOCore
import Synchronization

/// A stream of events as a test's client sees it.
public final class TestStream: Sendable {
    /// Of the response that the stream is.
    public let headers: HTTPFields
    private let host: TestHost
    private let name: String
    private let incoming: IncomingEvents
    private let link: any StreamLink
    private let book: LogBook
    private let reopen: @Sendable (_ lastEventID: String) async throws -> TestStream

    /// - Parameter reopen: sends the stream's request again.
    init(
        _ host: TestHost, _ name: String, _ incoming: IncomingEvents, _ link: any StreamLink, _ headers: HTTPFields,
        _ book: LogBook, reopen: @escaping @Sendable (_ lastEventID: String) async throws -> TestStream
    ) {
        self.host = host
        self.name = name
        self.incoming = incoming
        self.link = link
        self.headers = headers
        self.book = book
        self.reopen = reopen
    }

    // MARK: - Events

    /// The next event. Time does not pass here: what needs time comes after `host.advance(by:)`.
    ///
    /// - Throws: `TestStreamError` telling what did arrive, when there is no event and nothing is left that could send one.
    ///   Where something elsewhere might, it is waited for, no longer than the host's `patience`.
    public func next(fileID: String = #fileID, line: Int = #line) async throws -> EventStreamParser.Event {
        await host.wait { incoming.hasNext || incoming.hasEnded }
        guard let event = incoming.take() else {
            throw failure("No event is left\(ending).", fileID, line)
        }
        return event
    }

    /// The next event, which must be of that type, and with that data where it is given.
    ///
    /// - Parameter data: compared as JSON where both are JSON objects or arrays, so that the order of keys does not matter.
    /// - Throws: `TestStreamError` telling what came instead.
    @discardableResult
    public func expect(
        _ event: String, data: String? = nil, fileID: String = #fileID, line: Int = #line
    ) async throws -> EventStreamParser.Event {
        await host.wait { incoming.hasNext || incoming.hasEnded }
        let wanted = "\(event)\(data.map { ": \($0)" } ?? "")"
        guard let next = incoming.take() else {
            throw failure("Expected \(wanted), but no event is left\(ending).", fileID, line)
        }
        guard next.event == event, data.map({ Self.isSame($0, next.data) }) ?? true else {
            throw failure("Expected \(wanted), but \(next.event): \(next.data) came.", fileID, line)
        }
        return next
    }

    /// Nothing more has arrived.
    ///
    /// - Throws: `TestStreamError` telling what did.
    public func none(fileID: String = #fileID, line: Int = #line) async throws {
        let events = await pending()
        guard events.isEmpty else {
            let seen = events.map { "\n  \($0.event): \($0.data)" }.joined()
            throw failure("Expected no event, but these came:\(seen)", fileID, line)
        }
    }

    /// The events that have arrived and were not taken yet.
    public func pending() async -> [EventStreamParser.Event] {
        await host.settle()
        return incoming.takeAll()
    }

    private static func isSame(_ expected: String, _ data: String) -> Bool {
        if expected == data { return true }
        switch (JSONValue(expected), JSONValue(data)) {
        case (.object(let left)?, .object(let right)?): return left == right
        case (.array(let left)?, .array(let right)?): return left == right
        default: return false
        }
    }

    // MARK: - What the client does

    /// Goes away, as a client does that closes its connection.
    public func disconnect() async {
        await link.disconnect()
        await host.settle()
    }

    /// No longer reads: what is sent from now on waits on the application's side. Over loopback the kernel takes some of it
    /// first.
    public func stall() async {
        await link.stall()
        await host.settle()
    }

    /// Reads again.
    public func resume() async {
        await link.resume()
        await host.settle()
    }

    /// Closes the connection and sends the request again, as an `EventSource` does.
    ///
    /// - Parameter lastEventID: what it names as the last event; nil for the last id that it saw.
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func reconnect(lastEventID: String? = nil) async throws -> TestStream {
        // What is on its way is seen before the connection closes.
        await host.settle()
        await disconnect()
        return try await reopen(lastEventID ?? self.lastEventID)
    }

    // MARK: - What the client knows

    /// True when the application has ended the stream.
    public var hasEnded: Bool {
        get async {
            await host.settle()
            return incoming.hasEnded
        }
    }

    /// How many comments came, such as heartbeats.
    public var commentCount: Int {
        get async {
            await host.settle()
            return incoming.comments
        }
    }

    /// The last id that it saw; empty for none.
    public var lastEventID: String { incoming.lastEventID }

    /// How long the application has told it to wait before it reconnects.
    public var reconnectionTime: Duration? { incoming.reconnectionTime }

    /// What the application has logged for this stream's request.
    public var log: [LogLine] { book.lines }

    /// Everything that has arrived, taken or not, as a text to compare: ids of the server's own are numbered in the order
    /// they come, and times are replaced.
    public var transcript: String {
        get async {
            await host.settle()
            return StreamTranscript.text(of: incoming.arrived, epoch: host.application.sse.epoch)
        }
    }

    // MARK: - Failures

    private var ending: String { incoming.hasEnded ? ", and the stream has ended" : "" }

    private func failure(_ problem: String, _ fileID: String, _ line: Int) -> TestStreamError {
        let arrived = incoming.arrived
        var lines = ["\(CodeLocation(fileID: fileID, line: line)): \(problem)"]
        if let failure = incoming.failure { lines.append("  The stream cannot be read on: \(failure)") }
        lines.append(arrived.isEmpty ? "  \(name): no events arrived." : "  \(name): these arrived:")
        lines += arrived.map { "    \($0.event): \($0.data)" }
        let open = host.monitor.underWay
        if !open.isEmpty { lines.append("  Still under way: \(open.joined(separator: ", "))") }
        return TestStreamError((lines + book.report).joined(separator: "\n"))
    }
}

extension EventStreamParser.Event {
    /// The data, decoded from JSON.
    ///
    /// - Parameter settings: those of the application, where it has others than the usual ones.
    /// - Throws: `TestStreamError`, with the data in its text, where it is not JSON of that shape.
    public func json<Value: Decodable>(
        _ type: Value.Type = Value.self, by settings: JSONSettings = JSONSettings()
    ) throws -> Value {
        do {
            let json = settings == JSONSettings() ? JSON.standard : JSON(settings, isDevelopment: false)
            return try json.decode(type, from: ByteBuffer(string: data))
        } catch {
            throw TestStreamError("The data of '\(event)' is no \(type): \(data)\n  \(error)")
        }
    }

    /// The event of a family.
    ///
    /// - Throws: `UnknownServerEventError` for another event, `DecodingError` for a payload of another shape.
    public func typed<Event: ServerEvents>(_ type: Event.Type = Event.self) throws -> Event {
        try JSON.decode(type, named: event, from: ByteBuffer(string: data))
    }
}

/// What a test expected of a stream did not happen.
public struct TestStreamError: Error, CustomStringConvertible {
    /// Where the test stands, what it expected, and what did arrive.
    public let description: String
    init(_ description: String) { self.description = description }
}
