import NIOCore
import NIOEmbedded
import Testing

@testable import MartletServer

@Suite struct OpenFileLimitTests {
    @Test(arguments: [(65536, 65408, 32), (1024, 896, 32), (256, 128, 32), (100, 50, 12), (1, 1, 1)])
    func `connections leave room for other files`(_ files: Int, _ connections: Int, _ refusals: Int) {
        #expect(OpenFileLimit.room(in: files) == OpenFileLimit.Room(connections: connections, refusals: refusals))
    }

    @Test func `this process has room for some`() { #expect(OpenFileLimit.raise().connections > 0) }

    /// What asks the system for connections.
    private final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = Never
        var count = 0
        func read(context: ChannelHandlerContext) { count += 1 }
    }

    /// A crowd that is refused holds descriptors, too: without a bound the process ends when it has none left.
    @Test func `nothing is accepted while too many connections are open, and as soon as one has closed`() throws {
        let counter = AcceptCounter(limit: 2)
        let reads = Reads()
        let listener = EmbeddedChannel(handlers: [reads, AcceptGate(counter)])
        defer { _ = try? listener.finish() }
        for _ in 0..<2 {
            listener.read()
            listener.pipeline.fireChannelRead(EmbeddedChannel() as any Channel)
        }
        #expect(reads.count == 2)
        listener.read()
        listener.read()
        #expect(reads.count == 2)
        counter.closed()
        #expect(reads.count == 3)
        listener.read()
        #expect(reads.count == 4)
    }
}
