import HTTPTypes
import NIOCore

/// An HTTP response before it is on the wire.
public struct Response: Sendable {
    /// The status, unless the action has set `ctx.response.status`.
    public var status: HTTPResponse.Status
    /// Header fields less those of the framing: `Content-Length`, `Transfer-Encoding`, `Connection` and `Date` are the server's.
    public var headers: HTTPFields
    /// The content, which is not sent where the request or the status has none (RFC 9110 section 6.4.1).
    public var body: ResponseBody

    /// A response of these parts; no `Content-Type` is added.
    public init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: ResponseBody = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A text in UTF-8, `text/plain` unless the type says otherwise.
    public init(status: HTTPResponse.Status = .ok, text: String, contentType: String = "text/plain; charset=utf-8") {
        self.init(status: status, headers: [.contentType: contentType], body: .buffer(ByteBuffer(string: text)))
    }
}

/// The content of a response.
public enum ResponseBody: Sendable {
    /// No content.
    case empty
    /// Content that is here as a whole.
    case buffer(ByteBuffer)
    /// Written while it is made, no faster than the peer reads; `length` in bytes when it is known beforehand.
    case stream(length: Int? = nil, @Sendable (BodyWriter) async throws -> Void)
    /// A stream of server-sent events.
    indirect case events(EventStream)
    /// A response that is yet to be made: what an action returned has to wait for something. No middleware sees it.
    indirect case deferred(@Sendable (Context) async throws -> Response)
    /// The answer to HEAD: what the length would have been.
    case omitted(length: Int?)

    /// True for what has to be waited for: events that nobody has let in yet, and what is yet to be made.
    var isUnfinished: Bool {
        switch self {
        case .events(let stream): stream.admission == nil
        case .deferred: true
        case .empty, .buffer, .stream, .omitted: false
        }
    }

    /// True where it takes a task to write it.
    package var isStreamed: Bool { if case .stream = self { true } else { false } }

    /// The length in bytes, nil where only the end of the stream tells.
    public var length: Int? {
        switch self {
        case .empty: 0
        case .buffer(let buffer): buffer.readableBytes
        case .stream(let length, _): length
        case .events, .deferred: nil
        case .omitted(let length): length
        }
    }
}

/// Where a streamed response body goes.
public struct BodyWriter: Sendable {
    private let send: @Sendable (ByteBuffer) async throws -> Void

    package init(_ send: @escaping @Sendable (ByteBuffer) async throws -> Void) { self.send = send }

    /// Writes a chunk, and waits while the peer is slower than the writer.
    ///
    /// - Throws: `CancellationError` when the peer is gone.
    public func write(_ chunk: ByteBuffer) async throws {
        if chunk.readableBytes > 0 { try await send(chunk) }
    }

    /// Writes a text in UTF-8.
    public func write(_ text: String) async throws { try await write(ByteBuffer(string: text)) }
}
