import Synchronization

/// Where the connection hands events to the loop that reads them, and waits until they are taken: a slow reader slows
/// the server down, and no more than one read's events are held.
final class EventHandoff: Sendable {
    enum Taken: Sendable {
        case events([EventSource.Event])
        case end(EventSourceError?)
    }

    private struct State {
        var pending: [EventSource.Event] = []
        var isFinished = false
        var error: EventSourceError?
        var giver: CheckedContinuation<Void, Never>?
        var taker: CheckedContinuation<Taken, Never>?

        /// What is there to take now; the end is told once, with its error.
        mutating func next() -> Taken? {
            if !pending.isEmpty {
                defer { pending = [] }
                return .events(pending)
            }
            guard isFinished else { return nil }
            defer { error = nil }
            return .end(error)
        }
    }
    private let state = Mutex(State())

    /// Returns when the events have been taken, or the task is cancelled; they stay there to be taken.
    func give(_ events: [EventSource.Event]) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (taker, waits) = state.withLock { state in
                    if state.isFinished { return (nil as CheckedContinuation<Taken, Never>?, false) }
                    if let taker = state.taker {
                        state.taker = nil
                        return (taker, false)
                    }
                    state.pending += events
                    guard !Task.isCancelled else { return (nil, false) }
                    state.giver = continuation
                    return (nil, true)
                }
                taker?.resume(returning: .events(events))
                if !waits { continuation.resume() }
            }
        } onCancel: {
            resumeGiver()
        }
    }

    /// Ends at once when the task is cancelled.
    func take() async -> Taken {
        let taken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let next: Taken? = state.withLock { state in
                    if Task.isCancelled { return .end(nil) }
                    if let next = state.next() { return next }
                    state.taker = continuation
                    return nil
                }
                if let next { continuation.resume(returning: next) }
            }
        } onCancel: {
            let taker = state.withLock { state in
                defer { state.taker = nil }
                return state.taker
            }
            taker?.resume(returning: .end(nil))
        }
        resumeGiver()
        return taken
    }

    /// Nothing more comes; what is pending can still be taken.
    func finish(_ error: EventSourceError?) {
        let (taker, next) = state.withLock { state in
            if !state.isFinished {
                state.isFinished = true
                state.error = error
            }
            guard let taker = state.taker else { return (nil as CheckedContinuation<Taken, Never>?, Taken.end(nil)) }
            state.taker = nil
            return (taker, state.next() ?? .end(nil))
        }
        taker?.resume(returning: next)
        resumeGiver()
    }

    private func resumeGiver() {
        let giver = state.withLock { state in
            defer { state.giver = nil }
            return state.giver
        }
        giver?.resume()
    }
}
