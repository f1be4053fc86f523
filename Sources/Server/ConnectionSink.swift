import MartletCore
import NIOCore

/// Where an event stream's frames leave the process: straight to the channel, below everything that knows of requests.
final class ConnectionSink: EventSink {
    private let connection: Connection
    private let context: ChannelHandlerContext
    private let isChunked: Bool
    /// True where the connection goes on to its next request when the stream has ended.
    private let keepAlive: Bool
    private let deflater: FrameDeflater
    private let output: SocketOutput
    /// nil for a stream that is not compressed.
    private var gzip: GzipEnvelope?
    /// Holds the sink, too, so it is let go of when either side ends the stream.
    var subscriber: Subscriber?

    init(
        _ connection: Connection, _ context: ChannelHandlerContext, _ output: SocketOutput, isChunked: Bool,
        keepAlive: Bool, isGzip: Bool, deflater: FrameDeflater
    ) {
        self.connection = connection
        self.context = context
        self.output = output
        self.isChunked = isChunked
        self.keepAlive = keepAlive
        self.deflater = deflater
        gzip = isGzip ? GzipEnvelope() : nil
    }

    /// What the stream begins with, behind the response's head.
    func opening() -> ByteBuffer {
        guard gzip != nil else {
            return isChunked ? EventFrame.comment.chunk : EventFrame.comment.payload
        }
        let frame = EventFrame.comment.compressed(by: deflater)
        gzip?.add(frame)
        return framed(GzipEnvelope.header, frame.blocks)
    }

    func write(_ frame: EventFrame) {
        guard gzip != nil else {
            return send(isChunked ? frame.chunk : frame.payload)
        }
        let compressed = frame.compressed(by: deflater)
        gzip?.add(compressed)
        send(isChunked ? compressed.chunk : compressed.blocks)
    }

    private func send(_ buffer: ByteBuffer) { output.write(buffer) }

    private func framed(_ first: [UInt8], _ second: ByteBuffer) -> ByteBuffer {
        var content = ByteBuffer(bytes: first)
        content.writeImmutableBuffer(second)
        guard isChunked else { return content }
        var chunk = ByteBuffer()
        chunk.writeChunk(content)
        return chunk
    }

    func flush() { output.flush() }

    var isWritable: Bool { output.isWritable }

    var socket: Int32? { gzip == nil && isChunked ? output.idleSocket : nil }

    func write(_ frame: EventFrame, after sent: Int) {
        var rest = frame.chunk
        rest.moveReaderIndex(forwardBy: sent)
        output.flushThroughChannel(rest)
    }

    /// True where something was sent past the output since this was last asked.
    func takeWasSentTo() -> Bool { subscriber?.takeWasSentTo() ?? false }

    func end() {
        if let gzip { send(framed([], gzip.trailer)) }
        if isChunked { send(.lastChunk) }
        subscriber = nil
        connection.streamEnded(keepAlive: keepAlive)
    }

    func abort() { context.close(promise: nil) }

    func becameWritable() { subscriber?.becameWritable() }

    func channelClosed() {
        subscriber?.left()
        subscriber = nil
    }
}
