import MartletCore
import NIOCore
import NIOPosix

/// Where an event stream's frames leave the process: straight to the channel, below everything that knows of requests.
final class ConnectionSink: EventSink {
    private let connection: Connection
    private let context: ChannelHandlerContext
    private let isChunked: Bool
    var subscriber: Subscriber?

    init(_ connection: Connection, _ context: ChannelHandlerContext, isChunked: Bool) {
        self.connection = connection
        self.context = context
        self.isChunked = isChunked
    }

    func write(_ frame: EventFrame) {
        context.write(connection.wrapOutboundOut(isChunked ? frame.chunk : frame.payload), promise: nil)
    }

    func flush() { context.flush() }

    var isWritable: Bool { context.channel.isWritable }

    var backlogBytes: Int {
        guard !isWritable else { return 0 }
        return (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func end() {
        let last = isChunked ? ByteBuffer.lastChunk : ByteBuffer()
        // A peer that does not read is not waited for.
        connection.closeAfter(Connection.lingering)
        context.writeAndFlush(connection.wrapOutboundOut(last)).assumeIsolated().whenComplete { [context] _ in
            context.close(promise: nil)
        }
    }

    func abort() { context.close(promise: nil) }

    func becameWritable() { subscriber?.becameWritable() }

    func channelClosed() { subscriber?.left() }
}

extension Connection {
    /// Nothing more is decoded: the decoder's state is let go, and the kernel is to notice a peer that vanished.
    func dropDecoder() {
        guard let context else { return }
        stopReadingRequests()
        #if os(Linux)
        // Heartbeats are not acknowledged by a peer that is gone without a word; with this it is gone within two of them.
        let patience = max(1000, application.limits.heartbeat.components.seconds * 1000 - 1000)
        let userTimeout = ChannelOptions.Types.SocketOption(level: .tcp, name: .tcp_user_timeout)
        try? context.channel.syncOptions?.setOption(userTimeout, value: .init(patience))
        #endif
    }
}

#if os(Linux)
extension NIOBSDSocket.Option {
    /// TCP_USER_TIMEOUT, in milliseconds (tcp(7), RFC 5482).
    fileprivate static let tcp_user_timeout = NIOBSDSocket.Option(rawValue: 18)
}
#endif
