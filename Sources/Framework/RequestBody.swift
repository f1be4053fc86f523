import NIOCore
import Synchronization

/// The content of a request: nothing, one buffer, or a stream that the peer is still sending.
///
/// As an `AsyncSequence` it hands on each chunk as it comes, and the peer is read no faster than it is consumed.
/// It is read once, by one reader: what `collect()` has read it keeps, what iteration has read is gone.
public final class RequestBody: Sendable, AsyncSequence {
    /// A chunk, of whatever size it came in.
    public typealias Element = ByteBuffer

    private enum Content {
        case empty
        case buffer(ByteBuffer)
        case stream(any RequestBodySource)
        case consumed
    }
    private struct State {
        var content: Content
        var limit: Int
        var declaredLength: Int?
        var isDecoded = false
    }
    private let state: Mutex<State>

    /// The length that the request declared, nil when it declared none (chunked), or when the content was replaced.
    public var declaredLength: Int? { state.withLock { $0.declaredLength } }
    /// True where the content no longer has the request's `Content-Encoding`.
    var isDecoded: Bool { state.withLock { $0.isDecoded } }

    /// The body of a request without content; all of them share it.
    public static let empty = RequestBody(.empty, length: 0)

    private init(_ content: Content, length: Int?) {
        state = Mutex(State(content: content, limit: .max, declaredLength: length))
    }

    /// Content that is here as a whole.
    public convenience init(_ buffer: ByteBuffer) {
        self.init(buffer.readableBytes == 0 ? .empty : .buffer(buffer), length: buffer.readableBytes)
    }

    package convenience init(stream: any RequestBodySource, declaredLength: Int?) {
        self.init(.stream(stream), length: declaredLength)
    }

    /// True when the request came without content.
    public var isEmpty: Bool {
        state.withLock { if case .empty = $0.content { true } else { false } }
    }

    /// Sets the most bytes that are read before the request is refused with 413, in place of `limits.maxBodyBytes` or what
    /// the action says. It holds for who begins to read afterwards.
    public func limit(to bytes: Int) {
        state.withLock { if $0.declaredLength != 0 { $0.limit = bytes } }
    }

    /// Has everybody who reads from now on read something else: what a middleware makes of the content.
    ///
    ///     ctx.request.body.replace(decodesContent: true) { compressed in Gunzip(compressed) }
    ///
    /// The limit holds for what is read of the one and, again, of the other, so that a small body does not become a huge one.
    /// - Parameters:
    ///   - decodesContent: true where the new content no longer has the request's `Content-Encoding`, for which binding would
    ///     refuse it with 415.
    ///   - make: is given the content as it was. Nothing is read before the new content is.
    public func replace<Chunks: AsyncSequence & Sendable>(
        decodesContent: Bool = false, with make: (RequestBody) -> Chunks
    ) where Chunks.Element == ByteBuffer {
        let before = state.withLock { $0 }
        // A request without content stays so; that body is shared by all of them.
        if case .empty = before.content { return }
        let original = RequestBody(before.content, length: before.declaredLength)
        original.limit(to: before.limit)
        let source = SequenceSource(make(original))
        state.withLock { state in
            state.content = .stream(source)
            state.declaredLength = nil
            state.isDecoded = state.isDecoded || decodesContent
        }
    }

    /// Everything, where it is here; nil where it has yet to come.
    ///
    /// - Throws: `HTTPError` 413 beyond the limit.
    func collected() throws -> ByteBuffer? {
        let (content, limit) = state.withLock { ($0.content, $0.limit) }
        switch content {
        case .empty: return ByteBuffer()
        case .stream, .consumed: return nil
        case .buffer(let buffer):
            guard buffer.readableBytes <= limit else { throw HTTPError.contentTooLarge(limit) }
            return buffer
        }
    }

    /// Reads everything.
    ///
    /// - Returns: the content; the same again when it is asked again.
    /// - Throws: `HTTPError` 413 beyond the limit; `CancellationError` when the peer is gone.
    public func collect() async throws -> ByteBuffer {
        let (content, limit) = state.withLock { ($0.content, $0.limit) }
        switch content {
        case .empty:
            return ByteBuffer()
        case .buffer(let buffer):
            guard buffer.readableBytes <= limit else { throw HTTPError.contentTooLarge(limit) }
            return buffer
        case .stream, .consumed:
            var collected = ByteBuffer()
            var iterator = makeAsyncIterator()
            while let chunk = try await iterator.next() {
                if collected.readableBytes == 0 { collected = chunk } else { collected.writeImmutableBuffer(chunk) }
            }
            state.withLock { $0.content = .buffer(collected) }
            return collected
        }
    }

    /// Begins to read. A second reader of a stream gets `RequestBodyConsumedError` instead of a chunk.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Reads one body, under the limit that it had when the reading began.
    public struct Iterator: AsyncIteratorProtocol {
        private var content: Content
        private let limit: Int
        private var received = 0

        init(_ body: RequestBody) {
            (content, limit) = body.state.withLock { state in
                defer { if case .stream = state.content { state.content = .consumed } }
                return (state.content, state.limit)
            }
            if let length = body.declaredLength, length > limit { received = length }
        }

        /// The next chunk, nil at the end.
        ///
        /// - Throws: `HTTPError` 413 beyond the limit; `RequestBodyConsumedError` where somebody else has read the
        ///   stream; `CancellationError` when the peer is gone.
        public mutating func next() async throws -> ByteBuffer? {
            guard received <= limit else { throw HTTPError.contentTooLarge(limit) }
            switch content {
            case .empty:
                return nil
            case .buffer(let buffer):
                guard buffer.readableBytes <= limit else { throw HTTPError.contentTooLarge(limit) }
                content = .empty
                return buffer
            case .stream(let source):
                guard let chunk = try await source.next() else {
                    content = .empty
                    return nil
                }
                received += chunk.readableBytes
                guard received <= limit else { throw HTTPError.contentTooLarge(limit) }
                return chunk
            case .consumed:
                throw RequestBodyConsumedError()
            }
        }
    }
}

/// Where a streamed request body comes from: a connection, or a test.
package protocol RequestBodySource: Sendable {
    /// The next chunk, nil at the end. Throws `CancellationError` when the peer is gone.
    func next() async throws -> ByteBuffer?
}

/// The body's stream was read before, and not kept.
public struct RequestBodyConsumedError: Error, CustomStringConvertible {
    /// Says what to do instead.
    public let description = "The request's body was already read as a stream; read it once, or collect() it first."

    package init() {}
}

/// Content that a sequence makes.
// One reader at a time: a body hands its content to one.
private final class SequenceSource<Chunks: AsyncSequence>: RequestBodySource, @unchecked Sendable
where Chunks.Element == ByteBuffer {
    private var iterator: Chunks.AsyncIterator

    init(_ chunks: Chunks) { iterator = chunks.makeAsyncIterator() }

    func next() async throws -> ByteBuffer? {
        var iterator = iterator
        defer { self.iterator = iterator }
        return try await iterator.next()
    }
}
