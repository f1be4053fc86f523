import Dispatch
import Foundation
import NIOCore
import Synchronization

/// An event loop that works when a test says so, on the test's thread; work may come from any.
package final class SteppedLoop: EventLoop {
    private let work = Mutex<[@Sendable () -> Void]>([])
    private let runner = Mutex<pthread_t?>(nil)

    package init() {}

    /// Does what there is, and what that leads to.
    package func run() { while !isIdle { turn() } }

    /// Does what there is now.
    package func turn() {
        runner.withLock { $0 = pthread_self() }
        defer { runner.withLock { $0 = nil } }
        let taken = work.withLock { work in
            defer { work = [] }
            return work
        }
        for task in taken { task() }
    }

    package var isIdle: Bool { taskCount == 0 }
    package var taskCount: Int { work.withLock { $0.count } }

    package var inEventLoop: Bool { runner.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }
    package func execute(_ task: @escaping @Sendable () -> Void) { work.withLock { $0.append(task) } }

    /// Time is the clock's here: what is scheduled never runs.
    @discardableResult
    package func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        return Scheduled(promise: promise, cancellationTask: { promise.fail(EventLoopError.cancelled) })
    }

    @discardableResult
    package func scheduleTask<T>(in: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(deadline: .distantFuture, task)
    }

    package func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async { callback(nil) }
    }
}
