import NIOCore
import Synchronization

/// Counts the open connections, those that are being refused included, for a bound on all of them.
final class AcceptCounter: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)
    private let isWaiting = Atomic<Bool>(false)
    private let resume = Mutex<(@Sendable () -> Void)?>(nil)

    init(limit: Int) { self.limit = limit }

    func accepted() { open.add(1, ordering: .relaxed) }

    func closed() {
        open.subtract(1, ordering: .sequentiallyConsistent)
        if isWaiting.load(ordering: .sequentiallyConsistent) { resumeIfWaiting() }
    }

    /// - Parameter resume: called once when there is room again, where there is none now.
    func mayAccept(orCall resume: @escaping @Sendable () -> Void) -> Bool {
        guard open.load(ordering: .relaxed) >= limit else { return true }
        self.resume.withLock { $0 = resume }
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        // The last one may have closed just now.
        if open.load(ordering: .sequentiallyConsistent) < limit { resumeIfWaiting() }
        return false
    }

    private func resumeIfWaiting() {
        guard isWaiting.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let resume = resume.withLock { resume in
            defer { resume = nil }
            return resume
        }
        resume?()
    }
}

/// Stops accepting before the process runs out of descriptors: then more connections wait in the kernel's backlog. A crowd
/// that is refused must not use up what the process needs to live.
final class AcceptGate: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private let counter: AcceptCounter

    init(_ counter: AcceptCounter) { self.counter = counter }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        counter.accepted()
        unwrapInboundIn(data).closeFuture.whenComplete { [counter] _ in counter.closed() }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        let channel = context.channel
        if counter.mayAccept(orCall: { channel.read() }) { context.read() }
    }
}
