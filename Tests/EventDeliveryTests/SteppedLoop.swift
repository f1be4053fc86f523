import Dispatch
import Foundation
import NIOCore
import Synchronization

/// An event loop that works when a test says so, on the test's thread; work may come from any.
final class SteppedLoop: EventLoop {
    private let work = Mutex<[@Sendable () -> Void]>([])
    private let runner = Mutex<pthread_t?>(nil)

    /// Does what there is, and what that leads to.
    func run() {
        runner.withLock { $0 = pthread_self() }
        defer { runner.withLock { $0 = nil } }
        while true {
            let taken = work.withLock { work in
                defer { work = [] }
                return work
            }
            guard !taken.isEmpty else { return }
            for task in taken { task() }
        }
    }

    var isIdle: Bool { work.withLock { $0.isEmpty } }

    var inEventLoop: Bool { runner.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }
    func execute(_ task: @escaping @Sendable () -> Void) { work.withLock { $0.append(task) } }

    /// Time is the clock's here: what is scheduled never runs.
    @discardableResult
    func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        return Scheduled(promise: promise, cancellationTask: { promise.fail(EventLoopError.cancelled) })
    }

    @discardableResult
    func scheduleTask<T>(in: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(deadline: .distantFuture, task)
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async { callback(nil) }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
