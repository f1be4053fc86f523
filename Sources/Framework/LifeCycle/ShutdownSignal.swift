import Synchronization

/// Something that happens once, for whoever waits for it.
final class ShutdownSignal: Sendable {
    private struct State {
        var isGiven = false
        var waiters: [Waiter<Void>] = []
    }
    private let state = Mutex(State())

    var isGiven: Bool { state.withLock { $0.isGiven } }

    func give() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            state.isGiven = true
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for it, or until the task is cancelled.
    func wait() async {
        let waiter = Waiter<Void>()
        let isGiven = state.withLock { state in
            // Those whose tasks were cancelled are gone.
            state.waiters.removeAll { !$0.isWaiting }
            if !state.isGiven { state.waiters.append(waiter) }
            return state.isGiven
        }
        if !isGiven { try? await waiter.wait() }
    }
}
