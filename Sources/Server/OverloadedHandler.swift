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
        // Closing at once would make the kernel discard the response where the peer's request has come already.
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Connection.lingering)) {
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
