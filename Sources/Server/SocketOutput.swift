import MartletCore
import NIOCore
import NIOPosix

/// The way of a connection's bytes into its socket: by one call of the kernel where nothing waits before them, which is
/// the rule, and else by way of the channel, which waits for the peer.
///
/// A channel's own writing keeps a queue, a promise and its state for every write; for one event to a thousand clients that
/// costs as much as the calls themselves.
// Confined to its event loop.
final class SocketOutput {
    private let context: ChannelHandlerContext
    private let channel: any Channel
    /// The socket, where the kernel may be called directly.
    let socket: NIOBSDSocket.Handle?
    /// What was written last and is not flushed.
    private var held: ByteBuffer?
    /// True when something before that was given to the channel and is not flushed.
    private var hasUnflushed = false
    /// How many flushes the channel is not through with.
    private var unfinished = 0
    /// True when something was sent since the peer was last seen to have everything.
    var mayBeUnderWay = false

    init(_ context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel
        #if os(Linux)
        socket = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            $0
        }
        #else
        socket = nil
        #endif
    }

    /// True while something waits in memory because the kernel takes no more for this peer.
    var isHeldUp: Bool { unfinished > 0 || hasUnflushed }

    /// False while the peer is so slow that more would only wait in memory. The channel is asked only where it was given
    /// something.
    var isWritable: Bool { !isHeldUp || channel.isWritable }

    /// The socket while nothing waits before what is sent to it.
    var idleSocket: NIOBSDSocket.Handle? { held == nil && !isHeldUp && channel.isActive ? socket : nil }

    func write(_ buffer: ByteBuffer) {
        if let held {
            context.write(NIOAny(held), promise: nil)
            hasUnflushed = true
        }
        held = buffer
    }

    func flush() {
        guard let buffer = held else { return }
        held = nil
        mayBeUnderWay = true
        var rest = buffer
        if !isHeldUp, channel.isActive, let socket {
            rest.moveReaderIndex(forwardBy: rest.sendNow(to: socket))
            if rest.readableBytes == 0 { return }
        }
        flushThroughChannel(rest)
    }

    /// Where the connection is broken the channel will find that, and close.
    func flushThroughChannel(_ buffer: ByteBuffer) {
        hasUnflushed = false
        unfinished += 1
        context.writeAndFlush(NIOAny(buffer)).assumeIsolated().whenComplete { _ in self.unfinished -= 1 }
    }
}
