import MartletEventStream

/// A client's way through the history, from where it was to the live events: no copy is made for it, only a place kept.
///
/// The shard takes deliveries in their order, so all that it came across while this goes on is either in the history up
/// to `end`, or waits in the subscriber's queue.
// Confined to the loop of its subscriber.
final class HistoryReplay {
    /// Everything up to here was written, is missing, or is not for this client.
    private var position: UInt64
    /// Up to where the history is read: the last event that the shard came across.
    private(set) var end: UInt64
    /// Up to where the client knows that something is missing.
    private var announcedThrough: UInt64
    /// The last place in the order that an id has told the client.
    private var claimed: UInt64
    /// How many events the history had forgotten when this began, or asked last: a new client has no claim to those.
    private var start: UInt64
    private let filter: AudienceFilter
    /// How many events are taken out of the history at once.
    private static let pageSize = 64

    init(
        _ subscription: Subscription, after position: UInt64, through end: UInt64, missingThrough: UInt64?,
        since start: UInt64
    ) {
        filter = AudienceFilter(subscription)
        self.position = position
        self.end = end
        self.start = start
        announcedThrough = missingThrough ?? 0
        claimed = position
    }

    /// An event came that the history keeps.
    func extend(to sequence: UInt64) { end = max(end, sequence) }

    /// Writes the next events.
    ///
    /// - Parameter writeWaiting: writes the first of what is not in the history and stands before a place in the order.
    ///   Returns the place of what it wrote; nil where there was nothing.
    /// - Returns: how many came from the history; nil when there were no more, and what comes next is delivered live.
    func step(
        _ hub: EventHub, write: (EventFrame) -> Void, writeWaiting: (_ bound: UInt64) -> UInt64?
    ) -> Int? {
        let page =
            position < end
            ? hub.state.withLock {
                $0.history.page(for: filter, after: position, through: end, limit: Self.pageSize, since: start)
            } : EventHistory.Page(through: end, askedThrough: start)
        start = page.askedThrough
        let known = max(position, announcedThrough)
        if page.forgottenThrough > known {
            // Forgotten while this client was on its way there: at the least, none is silent about it.
            let gap = ControlEvent.Gap(
                first: "\(hub.epoch)-\(known + 1)", last: "\(hub.epoch)-\(page.forgottenThrough)", count: nil)
            if let frame = ControlEvent.frame("martlet.gap", gap) { write(frame) }
            announcedThrough = page.forgottenThrough
        }
        for event in page.events {
            while let place = writeWaiting(event.sequence) { claimed = max(claimed, place) }
            write(event.frame)
            claimed = event.sequence
        }
        position = max(position, page.through)
        guard position >= end, page.events.isEmpty else { return page.events.count }
        while let place = writeWaiting(.max) { claimed = max(claimed, place) }
        if announcedThrough > claimed, let frame = ControlEvent.place("\(hub.epoch)-\(announcedThrough)") {
            // It need not be told again.
            write(frame)
        }
        return nil
    }
}

/// Where a stream begins, and what its client is told about that.
struct StreamStart {
    var replay: HistoryReplay
    /// nil for a client that was not there before.
    var resume: ControlEvent.Resume?
    /// The place that the client is at.
    var place: UInt64
}

extension EventHub {
    /// Finds where a stream begins that joins now.
    func start(
        _ subscription: Subscription, _ resume: ResumePoint?, else replay: Replay, in state: inout HubState
    ) -> StreamStart {
        state.history.expire(now: now)
        let end = state.distributedSequence
        func start(after place: UInt64, missingThrough: UInt64?, _ resume: ControlEvent.Resume?) -> StreamStart {
            StreamStart(
                replay: HistoryReplay(
                    subscription, after: place, through: end, missingThrough: missingThrough,
                    since: state.history.forgottenCount),
                resume: resume, place: place)
        }
        if case .after(let id) = resume, id.epoch == epoch, id.sequence <= end {
            var missing = state.history.missingThrough(for: subscription, after: id.sequence)
            if id.sequence < firstSequence, !settings.keepsAll(of: subscription) {
                missing = max(missing ?? 0, firstSequence)
            }
            guard let missing else {
                return start(after: id.sequence, missingThrough: nil, ControlEvent.Resume(verdict: .resumed))
            }
            let news = ControlEvent.Resume(verdict: .partial, after: "\(id)", through: "\(epoch)-\(missing)")
            return start(after: id.sequence, missingThrough: missing, news)
        }
        let place =
            switch replay {
            case .none: end
            case .last(let count): state.history.place(ofLast: count, for: subscription, else: end)
            case .all: state.history.place(ofLast: .max, for: subscription, else: end)
            }
        return start(after: place, missingThrough: nil, resume.map { _ in ControlEvent.Resume(verdict: .reset) })
    }
}
