import MartletEventStream
import NIOCore
import Synchronization

/// One or more events as they stand on the wire, encoded once for however many clients.
///
/// A single buffer holds them as one chunk of HTTP/1.1's chunked coding; what stands inside the chunk is a slice of it.
/// The compressed form is made when the first client wants it, and kept where there is room.
package final class EventFrame: Sendable {
    /// With the chunk's framing.
    package let chunk: ByteBuffer
    /// Without.
    package let payload: ByteBuffer
    /// False where a compressed stream has to carry it as it is.
    package let isCompressible: Bool
    private struct Copy {
        var made: CompressedFrame?
        /// What counts it; nil outside a history.
        var counter: CompressedCopies?
    }
    private let copy = Mutex(Copy())

    /// A comment of one line. No empty line follows: there are parsers that take one for the end of an event once they have
    /// seen an id.
    package static let comment = EventFrame(unframed: ByteBuffer(string: ":\n"))

    package var byteCount: Int { payload.readableBytes }

    /// Several frames as one: one write for each client in place of many.
    convenience init(joining frames: some Collection<EventFrame>) {
        var buffer = Self.withRoomForChunkSize(frames.reduce(0) { $0 + $1.byteCount })
        for frame in frames { buffer.writeImmutableBuffer(frame.payload) }
        self.init(framing: buffer, isCompressible: frames.allSatisfy(\.isCompressible))
    }

    /// Events in a row for one client, each with the id that it gets.
    convenience init(joining drafts: some Collection<(draft: Draft, id: EventID?)>) {
        var buffer = Self.withRoomForChunkSize(drafts.reduce(0) { $0 + $1.draft.byteCount })
        for (draft, id) in drafts { draft.write(to: &buffer, id: id) }
        self.init(framing: buffer, isCompressible: drafts.allSatisfy(\.draft.isCompressible))
    }

    private convenience init(unframed payload: ByteBuffer) {
        var buffer = Self.withRoomForChunkSize(payload.readableBytes)
        buffer.writeImmutableBuffer(payload)
        self.init(framing: buffer, isCompressible: true)
    }

    /// An event that is encoded but for its id, which its place in the order decides.
    struct Draft: Sendable {
        private let buffer: ByteBuffer
        private let hasID: Bool
        fileprivate let isCompressible: Bool

        /// At least as many bytes as the frame will have.
        var byteCount: Int { buffer.readableBytes + Self.roomForID }
        private static let roomForID = 48

        /// - Parameter isCompressible: false where no event of the audience is.
        /// - Throws: `EventEncodingError` for what the wire cannot carry.
        init(_ event: ServerSentEvent, isCompressible: Bool = true) throws(EventEncodingError) {
            var buffer = EventFrame.withRoomForChunkSize()
            try buffer.writeServerSentEvent(event)
            self.buffer = buffer
            self.isCompressible = isCompressible && event.isCompressible
            hasID = event.id != nil
        }

        /// - Parameter id: what the event gets where the app gave it none.
        func frame(id: EventID?) -> EventFrame {
            var buffer = buffer
            if let id, !hasID { Self.end(&buffer, with: id) }
            return EventFrame(framing: buffer, isCompressible: isCompressible)
        }

        fileprivate func write(to joined: inout ByteBuffer, id: EventID?) {
            joined.writeImmutableBuffer(buffer)
            if let id, !hasID { Self.end(&joined, with: id) }
        }

        /// Writes the id in front of the empty line that ends the event.
        private static func end(_ buffer: inout ByteBuffer, with id: EventID) {
            buffer.moveWriterIndex(to: buffer.writerIndex - 1)
            buffer.writeStaticString("id: ")
            buffer.writeString(id.epoch)
            buffer.writeStaticString("-")
            buffer.writeString(String(id.sequence))
            buffer.writeStaticString("\n\n")
        }
    }

    /// The frame in a gzip stream.
    package func compressed(by deflater: FrameDeflater) -> CompressedFrame {
        copy.withLock { copy in
            if let made = copy.made { return made }
            let frame = isCompressible ? deflater.deflate(payload) : CompressedFrame(storing: payload)
            if copy.counter?.take(frame.byteCount) ?? true { copy.made = frame }
            return frame
        }
    }

    /// The bytes of the compressed form that is kept.
    var keptCopyBytes: Int { copy.withLock { $0.made?.byteCount ?? 0 } }

    func countCopy(in counter: CompressedCopies?) {
        copy.withLock { copy in
            if let made = copy.made {
                copy.counter?.giveBack(made.byteCount)
                counter?.add(made.byteCount)
            }
            copy.counter = counter
        }
    }

    /// The longest size line that is written before a chunk: eight hexadecimal digits and CRLF.
    private static let chunkSizeRoom = 10

    private static func withRoomForChunkSize(_ payloadBytes: Int = 160) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: chunkSizeRoom + payloadBytes + 2)
        buffer.moveWriterIndex(to: chunkSizeRoom)
        buffer.moveReaderIndex(to: chunkSizeRoom)
        return buffer
    }

    private init(framing buffer: ByteBuffer, isCompressible: Bool) {
        let length = buffer.readableBytes
        var buffer = buffer
        let sizeLine = String(length, radix: 16) + "\r\n"
        buffer.writeStaticString("\r\n")
        let start = Self.chunkSizeRoom - sizeLine.utf8.count
        buffer.setString(sizeLine, at: start)
        buffer.moveReaderIndex(to: start)
        chunk = buffer
        payload = buffer.getSlice(at: Self.chunkSizeRoom, length: length) ?? ByteBuffer()
        self.isCompressible = isCompressible
    }
}
