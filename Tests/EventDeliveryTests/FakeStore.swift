import Foundation
import Synchronization

@testable import MartletCore

/// A store in memory, whose disk is sometimes full and sometimes slow.
final class FakeStore: HistoryStore {
    struct DiskFull: Error {}
    private struct State {
        var events: [StoredEvent] = []
        var failures = 0
        var isBlocked = false
        var random: SeededGenerator
    }
    private let state: Mutex<State>
    private let failing: Double
    private let slow: Double

    init(seed: UInt64 = 1, failing: Double = 0, slow: Double = 0) {
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        self.failing = failing
        self.slow = slow
    }

    var events: [StoredEvent] { state.withLock { $0.events } }
    var failures: Int { state.withLock { $0.failures } }

    /// While it is, the disk hangs.
    var isBlocked: Bool {
        get { state.withLock { $0.isBlocked } }
        set { state.withLock { $0.isBlocked = newValue } }
    }

    func load(_ limits: HistoryLimits, now: Date) throws -> StoredHistory {
        state.withLock { state in
            StoredHistory(
                epoch: "stored", lastSequence: state.events.last?.sequence ?? 0, deletedThrough: 0,
                events: state.events)
        }
    }

    func append(_ events: [StoredEvent]) throws {
        let (isSlow, isFull) = state.withLock { state in
            (
                Double.random(in: 0..<1, using: &state.random) < slow,
                Double.random(in: 0..<1, using: &state.random) < failing
            )
        }
        while isBlocked { sched_yield() }
        // The publisher's thread gets ahead meanwhile.
        if isSlow { for _ in 0..<20 { sched_yield() } }
        try state.withLock { state in
            guard !isFull else {
                state.failures += events.count
                throw DiskFull()
            }
            state.events += events
        }
    }
}
