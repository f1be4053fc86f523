import Logging

/// What background work is given: `app.background("clean up") { work in … }`.
public struct BackgroundContext: Sendable {
    /// The services of the app.
    public let services: ServiceResolver
    /// The live streams of the application.
    public let sse: EventHub
    /// The application's logger, with the work's name.
    public let logger: Logger
    /// The application's clock: use it for waiting, so that tests need not wait.
    public let clock: any Clock<Duration>
    let shutdown: ShutdownSignal

    /// Waits until the app shuts down, or the task is cancelled.
    package func untilShutdown() async { await shutdown.wait() }
}

/// Work that goes on beside the requests.
struct BackgroundWork: Sendable {
    let name: String
    let restart: RestartPolicy
    /// True where it ends by itself when the shutdown begins, and is cancelled only when it does not.
    let isGraceful: Bool
    let run: @Sendable (BackgroundContext) async throws -> Void
}

/// Background work as it runs.
final class RunningWork: Sendable {
    private let work: BackgroundWork
    private let context: BackgroundContext
    private let executor: LoopExecutor?
    private let task: Task<Void, Never>

    /// - Parameter executor: where it runs; nil for the pool of all tasks.
    init(
        _ work: BackgroundWork, services: ServiceResolver, sse: EventHub, logger: Logger, clock: any Clock<Duration>,
        executor: LoopExecutor?
    ) {
        var logger = logger
        logger[metadataKey: "work"] = "\(work.name)"
        let context = BackgroundContext(
            services: services, sse: sse, logger: logger, clock: clock, shutdown: ShutdownSignal())
        self.work = work
        self.context = context
        self.executor = executor
        task = Task(executorPreference: executor) { await Self.run(work, context) }
    }

    private static func run(_ work: BackgroundWork, _ context: BackgroundContext) async {
        var failures = 0
        var isEnding: Bool { Task.isCancelled || context.shutdown.isGiven }
        while !isEnding {
            let elapsed = context.clock.stopwatch()
            do {
                return try await work.run(context)
            } catch {
                if isEnding, error is CancellationError { return }
                guard !isEnding, case .onFailure(let first, let most) = work.restart else {
                    return context.logger.error("background work failed", metadata: ["error": "\(error)"])
                }
                failures = elapsed() >= most ? 1 : failures + 1
                let delay = Self.delay(after: failures, first, most)
                context.logger.error(
                    "background work failed, and runs again",
                    metadata: ["error": "\(error)", "delay": "\(delay)"])
                await rest(delay, context)
            }
        }
    }

    /// Waits, no longer than until the shutdown.
    private static func rest(_ delay: Duration, _ context: BackgroundContext) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await context.clock.sleep(for: delay) }
            tasks.addTask { await context.untilShutdown() }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    private static func delay(after failures: Int, _ first: Duration, _ most: Duration) -> Duration {
        var delay = min(first, most)
        for _ in 1..<failures where delay < most { delay = min(delay * 2, most) }
        return delay
    }

    /// Has it end, and waits for that.
    ///
    /// - Parameter timeout: how long it may take when it is asked to, and again when it is cancelled. Then it is left behind.
    func stop(within timeout: Duration) async {
        if work.isGraceful {
            context.shutdown.give()
            if await hasEnded(within: timeout) { return }
            context.logger.warning("background work did not end when it was asked to, and is cancelled")
        }
        task.cancel()
        if await hasEnded(within: timeout) { return }
        context.logger.error(
            "background work goes on although it is cancelled, and is left behind",
            metadata: ["timeout": "\(timeout)"])
    }

    /// Not with a group of tasks, which would wait for the one that does not end.
    private func hasEnded(within timeout: Duration) async -> Bool {
        let first = Waiter<Bool>()
        let clock = context.clock
        Task(executorPreference: executor) { [task] in
            await task.value
            first.resume(with: .success(true))
        }
        let timer = Task(executorPreference: executor) {
            try? await clock.sleep(for: timeout)
            first.resume(with: .success(false))
        }
        defer { timer.cancel() }
        return (try? await first.wait()) ?? false
    }
}
