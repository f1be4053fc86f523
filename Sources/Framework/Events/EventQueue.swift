import MartletEventStream
import NIOCore

/// The events that wait for one client that reads more slowly than they come.
struct EventQueue {
    private struct Entry {
        let frame: EventFrame
        let event: PublishedEvent?
        let place: UInt64
    }
    private var entries: CircularBuffer<Entry> = []
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
    mutating func append(_ frame: EventFrame, _ event: PublishedEvent?, place: UInt64, budget: Int) -> Outcome {
        var dropped = 0
        if let event, let key = event.key,
            let older = entries.firstIndex(where: { $0.event?.key == key && $0.event?.audience == event.audience })
        {
            drop(at: older)
            dropped += 1
        }
        while byteCount + frame.byteCount > budget {
            guard case .dropOldest? = event?.slowReaders,
                let oldest = entries.firstIndex(where: { $0.event?.audience == event?.audience })
            else { return .overflow }
            drop(at: oldest)
            dropped += 1
        }
        entries.append(Entry(frame: frame, event: event, place: place))
        byteCount += frame.byteCount
        return dropped > 0 ? .dropped(dropped) : .queued
    }

    private mutating func drop(at index: CircularBuffer<Entry>.Index) {
        let entry = entries.remove(at: index)
        byteCount -= entry.frame.byteCount
        if let event = entry.event { gap = EventGap(including: event.sequence, gap) }
    }

    enum Next {
        case gap(EventGap)
        case frame(EventFrame, place: UInt64)
    }

    /// What goes out next: first the news of what was dropped.
    ///
    /// - Parameter bound: only what stands before it in the order of events.
    mutating func popFirst(before bound: UInt64 = .max) -> Next? {
        if let gap {
            self.gap = nil
            return .gap(gap)
        }
        guard let entry = entries.first, entry.place < bound else { return nil }
        entries.removeFirst()
        byteCount -= entry.frame.byteCount
        return .frame(entry.frame, place: entry.place)
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
