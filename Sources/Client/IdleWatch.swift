import Synchronization

/// Notices that a server has been silent for too long. Time that the reader of the events takes does not count.
final class IdleWatch<C: Clock>: Sendable where C.Duration == Duration {
    private enum State {
        case listening(since: C.Instant)
        case busy
    }
    private let clock: C
    private let timeout: Duration
    private let state: Mutex<State>

    init(_ clock: C, timeout: Duration) {
        self.clock = clock
        self.timeout = timeout
        state = Mutex(.listening(since: clock.now))
    }

    /// From here on the server has to be heard.
    func listen() {
        let now = clock.now
        state.withLock { $0 = .listening(since: now) }
    }

    /// The server was heard, and what it said is being dealt with.
    func pause() { state.withLock { $0 = .busy } }

    /// - Returns: true when the time is over, false when the task is cancelled.
    func waitForSilence() async -> Bool {
        while !Task.isCancelled {
            let start =
                switch state.withLock({ $0 }) {
                case .listening(let since): since
                case .busy: clock.now
                }
            let deadline = start.advanced(by: timeout)
            if deadline <= clock.now { return true }
            try? await clock.sleep(until: deadline, tolerance: nil)
        }
        return false
    }
}
