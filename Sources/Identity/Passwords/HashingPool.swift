import HTTPTypes
import MartletCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Threads of their own for what takes a processor for some tenths of a second and much memory: so many at a time, so many
/// that wait in the order they came, and no more.
final class HashingPool: Sendable {
    private struct State {
        var running = 0
        /// Those that were cancelled leave by themselves.
        var waiting: [Waiter<Void>] = []
        /// How long one took, last.
        var lastDuration = Duration.milliseconds(300)
    }
    private let state = Mutex(State())
    private let threads: NIOThreadPool
    private let parallelism: Int
    private let maxWaiting: Int

    init(parallelism: Int, maxWaiting: Int) {
        self.parallelism = max(1, parallelism)
        self.maxWaiting = max(0, maxWaiting)
        threads = NIOThreadPool(numberOfThreads: self.parallelism)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// How many are done and how many wait, for tests.
    var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

    /// Does the work on one of the threads when it is its turn.
    ///
    /// - Throws: `HTTPError` 503 where too many wait, `CancellationError` for a task that is cancelled while it waits, or
    ///   what the work throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await takeTurn()
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            threads.submit { _ in
                Self.giveWay()
                let start = ContinuousClock.now
                let result = Result { try work() }
                self.endTurn(start.duration(to: .now))
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    private func takeTurn() async throws {
        try Task.checkCancellation()
        let waiter: Waiter<Void>? = try state.withLock { state in
            if state.running < parallelism {
                state.running += 1
                return nil
            }
            guard state.waiting.count < maxWaiting else { throw overload(state) }
            let waiter = Waiter<Void>()
            state.waiting.append(waiter)
            return waiter
        }
        guard let waiter else { return }
        do {
            try await waiter.wait()
        } catch {
            state.withLock { state in state.waiting.removeAll { $0 === waiter } }
            throw error
        }
    }

    /// The turn goes to whoever has waited longest.
    private func endTurn(_ duration: Duration) {
        state.withLock { state in
            state.lastDuration = duration
            while !state.waiting.isEmpty {
                if state.waiting.removeFirst().resume(with: .success(())) { return }
            }
            state.running -= 1
        }
    }

    private func overload(_ state: State) -> HTTPError {
        let wait = state.lastDuration * (state.waiting.count + 1) / parallelism
        let seconds = min(max(1, wait.components.seconds + 1), 60)
        return HTTPError(
            .serviceUnavailable, "Too many passwords are being checked. Try again.",
            headers: [.retryAfter: "\(seconds)"])
    }

    /// The event loops come first where processors are few. On Linux the call is about its own thread.
    private static func giveWay() {
        #if canImport(Glibc)
        _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, 5)
        #endif
    }
}
