import MartletEventStream
import NIOCore

/// One or more events as they stand on the wire, encoded once for however many clients.
///
/// A single buffer holds them as one chunk of HTTP/1.1's chunked coding; what stands inside the chunk is a slice of it.
package struct EventFrame: Sendable {
    /// With the chunk's framing.
    package let chunk: ByteBuffer
    /// Without.
    package let payload: ByteBuffer

    package static let openingComment = EventFrame(unframed: ByteBuffer(string: ":\n\n"))
    static let heartbeat = openingComment

    init(_ event: ServerSentEvent) throws {
        var buffer = Self.withRoomForChunkSize()
        try buffer.writeServerSentEvent(event)
        self.init(framing: buffer)
    }

    /// Several frames as one: one write for each client in place of many.
    init(joining frames: some Collection<EventFrame>) {
        var buffer = Self.withRoomForChunkSize(frames.reduce(0) { $0 + $1.payload.readableBytes })
        for frame in frames { buffer.writeImmutableBuffer(frame.payload) }
        self.init(framing: buffer)
    }

    private init(unframed payload: ByteBuffer) {
        var buffer = Self.withRoomForChunkSize(payload.readableBytes)
        buffer.writeImmutableBuffer(payload)
        self.init(framing: buffer)
    }

    /// The longest size line that is written before a chunk: eight hexadecimal digits and CRLF.
    private static let chunkSizeRoom = 10

    private static func withRoomForChunkSize(_ payloadBytes: Int = 128) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: chunkSizeRoom + payloadBytes + 2)
        buffer.moveWriterIndex(to: chunkSizeRoom)
        buffer.moveReaderIndex(to: chunkSizeRoom)
        return buffer
    }

    private init(framing buffer: ByteBuffer) {
        var buffer = buffer
        let inside = buffer
        let sizeLine = String(inside.readableBytes, radix: 16) + "\r\n"
        buffer.writeStaticString("\r\n")
        let start = Self.chunkSizeRoom - sizeLine.utf8.count
        buffer.setString(sizeLine, at: start)
        buffer.moveReaderIndex(to: start)
        chunk = buffer
        payload = buffer.getSlice(at: Self.chunkSizeRoom, length: inside.readableBytes) ?? inside
    }
}
