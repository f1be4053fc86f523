import MartletEventStream

/// A client's way through the history, from where it was to the live events: no copy is made for it, only a place kept.
///
/// The shard takes deliveries in their order, so all that it came across while this goes on is either in the history up
/// to `end`, or postponed here.
// Confined to the loop of its subscriber.
final class HistoryReplay {
    /// Everything up to here was written, or is not for this client.
    private var position: UInt64
    /// Up to where the history is read: the last event that the shard came across.
    private(set) var end: UInt64
    /// What is not in the history, with its place in the order.
    private var postponed: ArraySlice<(frame: EventFrame, sequence: UInt64)> = []
    private(set) var postponedBytes = 0
    /// How many events are taken out of the history at once.
    private static let pageSize = 64

    init(after position: UInt64, through end: UInt64) {
        self.position = position
        self.end = end
    }

    /// An event came that the history keeps.
    func extend(to sequence: UInt64) { end = max(end, sequence) }

    /// Something came that the history does not keep.
    func postpone(_ frame: EventFrame, after sequence: UInt64) {
        postponed.append((frame, sequence))
        postponedBytes += frame.byteCount
    }

    /// Writes the next events.
    ///
    /// - Returns: how many came from the history; nil when there were no more, and what comes next is delivered live.
    func step(_ hub: EventHub, _ subscription: Subscription, write: (EventFrame) -> Void) -> Int? {
        let page =
            position < end
            ? hub.state.withLock {
                $0.history.page(for: subscription, after: position, through: end, limit: Self.pageSize)
            } : EventHistory.Page(events: [], isLast: true)
        if let missing = page.missingThrough {
            // Forgotten while this client was on its way there.
            let gap = ControlEvent.Gap(
                first: "\(hub.epoch)-\(position + 1)", last: "\(hub.epoch)-\(missing)", count: nil)
            if let frame = ControlEvent.frame("martlet.gap", gap) { write(frame) }
            position = missing
        }
        for event in page.events where event.sequence > position {
            writePostponed(before: event.sequence, write)
            write(event.frame)
            position = event.sequence
        }
        guard page.isLast, page.events.isEmpty else { return page.events.count }
        position = end
        writePostponed(before: .max, write)
        return nil
    }

    private func writePostponed(before sequence: UInt64, _ write: (EventFrame) -> Void) {
        while let first = postponed.first, first.sequence < sequence {
            postponed.removeFirst()
            postponedBytes -= first.frame.byteCount
            write(first.frame)
        }
    }
}

extension EventHub {
    /// Where a new stream begins, and what it is told about that.
    ///
    /// - Parameter end: the place in the order at which it joined.
    func replay(
        for subscription: Subscription, _ resume: ResumePoint?, else replay: Replay, joinedAt end: UInt64
    ) -> (HistoryReplay, EventFrame?) {
        state.withLock { state in
            state.history.expire(now: now)
            var start: UInt64 =
                switch replay {
                case .none: end
                case .last(let count): state.history.place(ofLast: count, for: subscription, else: end)
                case .all: state.history.place(ofLast: .max, for: subscription, else: end)
                }
            guard let resume else { return (HistoryReplay(after: min(start, end), through: end), nil) }
            var news = ControlEvent.Resume(verdict: .reset)
            if case .after(let id) = resume, id.epoch == epoch, id.sequence <= end {
                let page = state.history.page(for: subscription, after: id.sequence, through: end, limit: 0)
                var missing = page.missingThrough
                if id.sequence < firstSequence, !settings.keepsAll(of: subscription) {
                    missing = max(missing ?? 0, firstSequence)
                }
                start = max(id.sequence, missing ?? 0)
                news =
                    missing == nil
                    ? ControlEvent.Resume(verdict: .resumed)
                    : ControlEvent.Resume(verdict: .partial, after: "\(id)", through: "\(epoch)-\(start)")
            }
            start = min(start, end)
            return (
                HistoryReplay(after: start, through: end),
                ControlEvent.frame("martlet.resume", news, id: "\(epoch)-\(start)")
            )
        }
    }
}
