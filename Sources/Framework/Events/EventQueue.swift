import MartletEventStream
import NIOCore

/// The events that wait for one client that reads more slowly than they come. Most clients have none.
// Confined to the loop of its subscriber.
final class EventQueue {
    private struct Entry {
        let frame: EventFrame
        let event: PublishedEvent?
        let place: UInt64
    }
    /// In order; nil where one was dropped.
    private var entries: CircularBuffer<Entry?> = []
    /// How many were taken from the front: where the first entry stands in the count of all that ever waited.
    private var takenCount = 0
    private var droppedCount = 0
    /// Where those stand that may be dropped, so that none is looked for among all the others.
    private var droppable: [EventAudience.Recipients: CircularBuffer<Int>] = [:]
    private var latest: [EventAudience.Recipients: [String: Int]] = [:]
    private(set) var byteCount = 0
    private var gap: EventGap?

    var isEmpty: Bool { entries.isEmpty && gap == nil }

    enum Outcome {
        case queued
        /// Something was dropped for it.
        case dropped(Int)
        /// It exceeds the budget, and nothing may be dropped.
        case overflow
    }

    /// Puts an event behind those that wait, as the policy of its topic has it.
    ///
    /// - Parameters:
    ///   - event: nil for what is sent to this client alone.
    ///   - place: where it stands in the order of events.
    func append(_ frame: EventFrame, _ event: PublishedEvent?, place: UInt64, budget: Int) -> Outcome {
        var dropped = 0
        if let event, let key = event.key, let older = latest[event.audience]?[key] {
            drop(older)
            dropped += 1
        }
        while byteCount + frame.byteCount > budget {
            guard let event, let oldest = droppable[event.audience]?.popFirst() else { return .overflow }
            drop(oldest)
            dropped += 1
        }
        if let event {
            let position = takenCount + entries.count
            if case .dropOldest = event.slowReaders { droppable[event.audience, default: []].append(position) }
            if let key = event.key { latest[event.audience, default: [:]][key] = position }
        }
        entries.append(Entry(frame: frame, event: event, place: place))
        byteCount += frame.byteCount
        return dropped > 0 ? .dropped(dropped) : .queued
    }

    private func drop(_ position: Int) {
        let index = entries.index(entries.startIndex, offsetBy: position - takenCount)
        guard let entry = entries[index] else { return }
        entries[index] = nil
        droppedCount += 1
        byteCount -= entry.frame.byteCount
        if let event = entry.event { gap = EventGap(including: event.sequence, gap) }
        // What was dropped must not take the room of what waits.
        if droppedCount > entries.count / 2 { closeRanks() }
    }

    /// Takes the places out of those that were dropped.
    private func closeRanks() {
        let waiting = entries.compactMap { $0 }
        entries = []
        (takenCount, droppedCount, droppable, latest) = (0, 0, [:], [:])
        for (position, entry) in waiting.enumerated() {
            entries.append(entry)
            guard let event = entry.event else { continue }
            if case .dropOldest = event.slowReaders { droppable[event.audience, default: []].append(position) }
            if let key = event.key { latest[event.audience, default: [:]][key] = position }
        }
    }

    enum Next {
        case gap(EventGap)
        case frame(EventFrame, place: UInt64)
    }

    /// What goes out next: first the news of what was dropped.
    ///
    /// - Parameter bound: only what stands before it in the order of events.
    func popFirst(before bound: UInt64 = .max) -> Next? {
        if let gap {
            self.gap = nil
            return .gap(gap)
        }
        while let first = entries.first {
            guard let entry = first else {
                entries.removeFirst()
                takenCount += 1
                droppedCount -= 1
                continue
            }
            guard entry.place < bound else { return nil }
            entries.removeFirst()
            forget(entry)
            takenCount += 1
            byteCount -= entry.frame.byteCount
            return .frame(entry.frame, place: entry.place)
        }
        return nil
    }

    /// The first entry is taken.
    private func forget(_ entry: Entry) {
        guard let event = entry.event else { return }
        if case .dropOldest = event.slowReaders {
            droppable[event.audience]?.removeFirst()
            if droppable[event.audience]?.isEmpty == true { droppable[event.audience] = nil }
        }
        if let key = event.key, latest[event.audience]?[key] == takenCount { latest[event.audience]?[key] = nil }
    }
}

/// Events that a client does not get.
struct EventGap: Sendable, Hashable {
    private(set) var first: UInt64
    private(set) var last: UInt64
    private(set) var count: Int

    init(including sequence: UInt64, _ gap: EventGap?) {
        first = min(gap?.first ?? sequence, sequence)
        last = max(gap?.last ?? sequence, sequence)
        count = (gap?.count ?? 0) + 1
    }
}
