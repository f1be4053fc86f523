import Logging
import Synchronization

/// What an application does beside answering requests: before the first, all the while, and after the last.
///
/// It goes through its steps in the order in which the app has named them, and at the end back again, so that a step may use
/// what was there before it as long as it goes on.
package final class LifeCycle: Sendable {
    typealias Work = @Sendable (ServiceResolver) async throws -> Void

    enum Step: Sendable {
        case start(CodeLocation, Work)
        case background(BackgroundWork)
        case shutdown(CodeLocation, Work)
    }

    /// What is to be undone.
    private enum Begun: Sendable {
        case running(RunningWork)
        case shutdown(CodeLocation, Work)
    }
    private struct State {
        var starting: Task<Void, any Error>?
        var ending: Task<Void, Never>?
        var begun: [Begun] = []
    }
    private let state = Mutex(State())
    private let steps: [Step]
    private let services: ServiceResolver
    private let sse: EventHub
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let timeout: Duration
    /// Where all of it runs; nil for the pool of all tasks, so that no work keeps the requests of an event loop waiting.
    private let executor: LoopExecutor?

    init(
        _ steps: [Step], services: ServiceRegistry, sse: EventHub, logger: Logger, clock: any Clock<Duration>,
        timeout: Duration, executor: LoopExecutor?
    ) {
        self.steps = steps
        self.services = ServiceResolver(registry: services, scope: nil)
        self.sse = sse
        self.logger = logger
        self.clock = clock
        self.timeout = timeout
        self.executor = executor
    }

    /// True where the app has nothing to do beside its requests.
    package var isEmpty: Bool { steps.isEmpty }

    /// Does what is to be done before the app listens, and starts what runs all the while. Who asks again waits for the same.
    ///
    /// - Throws: `StartupError` naming the place of what failed, when what had begun has ended again.
    package func start() async throws {
        guard !steps.isEmpty else { return }
        let starting = state.withLock { state in
            if let starting = state.starting { return starting }
            let isOver = state.ending != nil
            let starting = Task(executorPreference: executor) {
                if isOver { throw CancellationError() }
                try await self.begin()
            }
            state.starting = starting
            return starting
        }
        try await starting.value
    }

    private func begin() async throws {
        for step in steps {
            switch step {
            case .background(let work):
                let running = RunningWork(
                    work, services: services, sse: sse, logger: logger, clock: clock, executor: executor)
                state.withLock { $0.begun.append(.running(running)) }
            case .shutdown(let location, let work):
                state.withLock { $0.begun.append(.shutdown(location, work)) }
            case .start(let location, let work):
                do {
                    try await work(services.owned(by: location))
                } catch {
                    await unwind()
                    throw StartupError("What is done at start (\(location)) failed: \(StartupError.reason(error)).")
                }
            }
        }
    }

    /// Ends everything, when the requests are over. Who asks again waits for the same.
    package func end() async {
        guard !steps.isEmpty else { return }
        let ending = state.withLock { state in
            if let ending = state.ending { return ending }
            let starting = state.starting
            let ending = Task(executorPreference: executor) {
                _ = await starting?.result
                await self.unwind()
            }
            state.ending = ending
            return ending
        }
        await ending.value
    }

    private func unwind() async {
        while let last = state.withLock({ $0.begun.popLast() }) {
            switch last {
            case .running(let work):
                await work.stop(within: timeout)
            case .shutdown(let location, let work):
                do {
                    try await work(services.owned(by: location))
                } catch {
                    logger.error(
                        "what is done at shutdown failed", metadata: ["error": "\(error)", "place": "\(location)"])
                }
            }
        }
    }
}

extension AppBuilder {
    /// Does something before the app listens: migrations, a cache that is filled. Everything here runs in order, each when
    /// what stands before it is done; background work that stands before it is under way.
    ///
    /// - Parameter work: is given the services. Where it throws, the app does not start.
    public mutating func onStart(
        fileID: String = #fileID, line: Int = #line,
        _ work: @escaping @Sendable (_ services: ServiceResolver) async throws -> Void
    ) { lifeCycle.append(.start(CodeLocation(fileID: fileID, line: line), work)) }

    /// Does something at the shutdown, when the requests and streams are over. What was named last is done first, and
    /// background work that stands before it is under way still.
    ///
    /// - Parameter work: is given the services. What it throws is logged, and the shutdown goes on.
    public mutating func onShutdown(
        fileID: String = #fileID, line: Int = #line,
        _ work: @escaping @Sendable (_ services: ServiceResolver) async throws -> Void
    ) { lifeCycle.append(.shutdown(CodeLocation(fileID: fileID, line: line), work)) }

    /// Starts something that goes on beside the requests: a queue that is worked off, a connection that is kept.
    ///
    /// At the shutdown, when the requests are over, it is cancelled and waited for, for `limits.backgroundTimeout`.
    ///
    /// - Parameters:
    ///   - name: for the log.
    ///   - restart: what becomes of it when it fails.
    ///   - work: what to do. It may return when there is nothing more to do.
    public mutating func background(
        _ name: String, restart: RestartPolicy = .never,
        _ work: @escaping @Sendable (_ work: BackgroundContext) async throws -> Void
    ) {
        lifeCycle.append(.background(BackgroundWork(name: name, restart: restart, isGraceful: false, run: work)))
    }

    /// The same for what ends by itself when the shutdown begins, and is cancelled only where it does not.
    package mutating func gracefulBackground(
        _ name: String, restart: RestartPolicy,
        _ work: @escaping @Sendable (_ work: BackgroundContext) async throws -> Void
    ) { lifeCycle.append(.background(BackgroundWork(name: name, restart: restart, isGraceful: true, run: work))) }
}
