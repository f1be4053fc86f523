import NIOCore
import Synchronization

/// Runs tasks on an event loop: a request's async chain stays on its connection's thread until it really waits.
package final class LoopExecutor: TaskExecutor {
    package let eventLoop: any EventLoop
    /// How many jobs were ever enqueued: what does not change between two turns of the loop shows that nothing runs.
    package let enqueuedJobs = Atomic<Int>(0)

    package init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    package func enqueue(_ job: consuming ExecutorJob) {
        enqueuedJobs.add(1, ordering: .relaxed)
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Starts a task that runs here and now up to its first suspension. Call it on the loop.
    @discardableResult
    package func start(_ work: @escaping @concurrent @Sendable () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, *) {
            Task.immediate(executorPreference: self, operation: work)
        } else {
            Task(executorPreference: self, operation: work)
        }
    }
}
