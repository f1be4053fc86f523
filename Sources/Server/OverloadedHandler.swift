import NIOCore

/// Stands where a connection would, when there are too many: answers 503 and closes.
final class OverloadedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let date: ByteBuffer

    init(date: ByteBuffer) { self.date = date }

    func channelActive(context: ChannelHandlerContext) {
        var buffer = ByteBuffer()
        buffer.writeResponseHead(
            .serviceUnavailable, [.retryAfter: "5"], framing: .length(0), connection: "close", date: date)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
