import MartletCore
import Synchronization

/// What one request does, and what it has left behind: the body of its stream, tasks that its action started.
final class RequestActivity: ObservedRequest {
    /// What is known of an activity at a moment when its event loop has nothing to do.
    enum Standing {
        /// Something of it runs elsewhere, and it is sure to go on.
        case working
        /// The body of its stream is elsewhere, at work or waiting for what another request does: nobody can tell.
        case elsewhere
        /// It waits for time, or for a client.
        case waiting
    }

    private struct State {
        var answering = 0
        var streaming = 0
        var blocking = 0
        var waiting = 0
        var changes = 0
        /// The count of changes at which it was given up waiting for.
        var givenUpAt: Int?
    }
    private let state = Mutex(State())
    /// `GET /chat/stream`
    let name: String
    let log: LogBook
    private let id: UInt64
    private let monitor: ActivityMonitor

    init(_ id: UInt64, _ name: String, _ log: LogBook, _ monitor: ActivityMonitor) {
        self.id = id
        self.name = name
        self.log = log
        self.monitor = monitor
    }

    deinit { monitor.forget(id) }

    func begin(_ phase: RequestPhase) { change(phase, by: 1) }
    func end(_ phase: RequestPhase) { change(phase, by: -1) }

    private func change(_ phase: RequestPhase, by step: Int) {
        state.withLock { state in
            switch phase {
            case .answering: state.answering += step
            case .streaming: state.streaming += step
            case .blocking: state.blocking += step
            case .waiting: state.waiting += step
            }
            state.changes += 1
        }
        monitor.changed()
    }

    var isAnswering: Bool { state.withLock { $0.answering > 0 } }

    var standing: Standing {
        state.withLock { state in
            if state.blocking > 0 { return .working }
            if state.waiting > 0 { return .waiting }
            // Without a stream, a task is left that was started for the request: its end is known.
            return state.streaming > 0 && state.answering == 0 ? .elsewhere : .working
        }
    }

    /// True while nothing was seen of it since it was given up waiting for.
    var isGivenUp: Bool { state.withLock { $0.givenUpAt == $0.changes } }

    /// It moved neither on the loop nor here for as long as was waited for it.
    func giveUp() { state.withLock { $0.givenUpAt = $0.changes } }
}
