import Synchronization

/// A task that waits for something, and no longer than until it is cancelled.
///
/// Whoever comes first resumes it: what it waits for, or its cancellation.
package final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Value, any Error>)
        /// Resumed before the task could wait.
        case early(Result<Value, any Error>)
        case over
    }
    private let state = Mutex(State.new)

    package init() {}

    /// Waits; called once, by the task.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled, or what it is resumed with.
    package func wait() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early: Result<Value, any Error>? = state.withLock { state in
                    guard case .early(let result) = state else {
                        state = .waiting(continuation)
                        return nil
                    }
                    state = .over
                    return result
                }
                if let early { continuation.resume(with: early) }
            }
        } onCancel: {
            resume(with: .failure(CancellationError()))
        }
    }

    /// False once it was resumed.
    package var isWaiting: Bool {
        state.withLock { state in
            switch state {
            case .new, .waiting: true
            case .early, .over: false
            }
        }
    }

    /// - Returns: false where the task no longer waits; then it has not got the value.
    @discardableResult
    package func resume(with result: Result<Value, any Error>) -> Bool {
        let (continuation, isFirst): (CheckedContinuation<Value, any Error>?, Bool) = state.withLock { state in
            switch state {
            case .new:
                state = .early(result)
                return (nil, true)
            case .waiting(let continuation):
                state = .over
                return (continuation, true)
            case .early, .over:
                return (nil, false)
            }
        }
        continuation?.resume(with: result)
        return isFirst
    }
}

extension Waiter<Void> {
    package func resume() { resume(with: .success(())) }
}
