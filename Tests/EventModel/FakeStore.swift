import Foundation
import MartletCore
import Synchronization

/// A store in memory, whose disk is sometimes full, and hangs when a test says so.
package final class FakeStore: HistoryStore {
    package struct DiskFull: Error {}
    private struct State {
        var events: [StoredEvent] = []
        var begunAfter: UInt64 = 0
        var failures = 0
        var isBlocked = false
        var failing: Double
        var random: SeededGenerator
        var meanwhile: (@Sendable () -> Void)?
    }
    private let state: Mutex<State>

    /// - Parameter failing: how often the disk is full, from 0 to 1.
    package init(seed: UInt64 = 1, failing: Double = 0) {
        state = Mutex(State(failing: failing, random: SeededGenerator(seed: seed)))
    }

    package var events: [StoredEvent] { state.withLock { $0.events } }
    package var failures: Int { state.withLock { $0.failures } }

    /// While it is, the disk hangs.
    package var isBlocked: Bool {
        get { state.withLock { $0.isBlocked } }
        set { state.withLock { $0.isBlocked = newValue } }
    }

    /// How often the disk is full, from 0 to 1.
    package var failing: Double {
        get { state.withLock { $0.failing } }
        set { state.withLock { $0.failing = newValue } }
    }

    /// What happens elsewhere while the disk writes.
    package func onAppend(_ meanwhile: @escaping @Sendable () -> Void) { state.withLock { $0.meanwhile = meanwhile } }

    package func load(_ limits: HistoryLimits, now: Date) throws -> StoredHistory {
        state.withLock { state in
            StoredHistory(
                epoch: "stored", lastSequence: max(state.begunAfter, state.events.last?.sequence ?? 0),
                deletedThrough: 0, events: state.events)
        }
    }

    package func begin(after sequence: UInt64) throws { state.withLock { $0.begunAfter = sequence } }

    package func append(_ events: [StoredEvent]) throws {
        state.withLock { $0.meanwhile }?()
        while isBlocked { sched_yield() }
        try state.withLock { state in
            guard Double.random(in: 0..<1, using: &state.random) >= state.failing else {
                state.failures += events.count
                throw DiskFull()
            }
            state.events += events
        }
    }
}
