import Foundation
import MartletCore

/// A bug planted on purpose, for the checker to find: acknowledges every 50th event without storing it.
struct LosingHistory: HistoryStore {
    private let store: any HistoryStore
    private let interval: UInt64 = 50

    init(_ store: any HistoryStore) { self.store = store }

    func load(_ limits: HistoryLimits, now: Date) throws -> StoredHistory { try store.load(limits, now: now) }

    func begin(after sequence: UInt64) throws { try store.begin(after: sequence) }

    func append(_ events: [StoredEvent]) throws {
        try store.append(events.filter { !$0.sequence.isMultiple(of: interval) })
    }
}
