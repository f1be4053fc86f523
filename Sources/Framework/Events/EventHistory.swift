import NIOCore

/// The events of the near past, by audience, in order.
struct EventHistory {
    private struct Log {
        var events: CircularBuffer<PublishedEvent> = []
        /// Events up to this one are forgotten.
        var forgottenThrough: UInt64
    }

    private let limits: HistoryLimits
    private var logs: [EventAudience: Log] = [:]
    /// All events in the order they came, for what is bounded over all logs; those that their own log has let go are
    /// passed over.
    private var order: CircularBuffer<PublishedEvent> = []
    private var keptCount = 0
    private(set) var byteCount = 0
    /// The same for logs that were dropped as a whole.
    private var forgottenThrough: UInt64
    /// Logs without events are remembered up to this number: they know that nothing of theirs is missing.
    private static let maximumEmptyLogs = 10_000

    /// - Parameters:
    ///   - sequence: what came before it is not known here.
    ///   - deletedThrough: the same for single audiences.
    init(_ limits: HistoryLimits, startingAfter sequence: UInt64, _ deletedThrough: [EventAudience: UInt64] = [:]) {
        self.limits = limits
        forgottenThrough = sequence
        for (audience, deleted) in deletedThrough { logs[audience] = Log(forgottenThrough: max(sequence, deleted)) }
    }

    var eventCount: Int { keptCount }

    mutating func append(_ event: PublishedEvent) {
        expire(now: event.time)
        logs[event.audience, default: Log(forgottenThrough: forgottenThrough)].events.append(event)
        order.append(event)
        keptCount += 1
        byteCount += event.frame.byteCount
        if let count = logs[event.audience]?.events.count, count > limits.maxEventsPerTopic {
            forgetFirst(of: event.audience)
        }
        while byteCount > limits.maxBytes, let oldest = order.popFirst() { forget(oldest) }
        // What the logs let go themselves would stay here for as long as one quiet topic has an old event.
        if order.count > 2 * keptCount + 64 { order = order.filter { isKept($0) }.reduce(into: []) { $0.append($1) } }
        dropEmptyLogs()
    }

    /// Notes that an event of this audience was not kept.
    mutating func skip(_ event: PublishedEvent) {
        logs[event.audience, default: Log(forgottenThrough: 0)].forgottenThrough = event.sequence
        dropEmptyLogs()
    }

    /// Forgets what is too old.
    mutating func expire(now: Duration) {
        while let oldest = order.first, now - oldest.time > limits.maxAge {
            order.removeFirst()
            forget(oldest)
        }
    }

    private func isKept(_ event: PublishedEvent) -> Bool {
        logs[event.audience]?.events.first.map { $0.sequence <= event.sequence } ?? false
    }

    /// Forgets an event that is the first of its log, or is no longer in it.
    private mutating func forget(_ event: PublishedEvent) {
        if logs[event.audience]?.events.first?.sequence == event.sequence { forgetFirst(of: event.audience) }
    }

    private mutating func forgetFirst(of audience: EventAudience) {
        guard let event = logs[audience]?.events.popFirst() else { return }
        logs[audience]?.forgottenThrough = event.sequence
        keptCount -= 1
        byteCount -= event.frame.byteCount
    }

    /// A log that became empty knows what it has lost; of too many such logs only the latest loss is kept.
    private mutating func dropEmptyLogs() {
        guard logs.count > Self.maximumEmptyLogs + keptCount else { return }
        for (audience, log) in logs where log.events.isEmpty {
            forgottenThrough = max(forgottenThrough, log.forgottenThrough)
            logs[audience] = nil
        }
    }

    // MARK: - Reading

    /// Some events in order, and whether others are missing among or before them.
    struct Page {
        var events: [PublishedEvent]
        /// True where these are all there are.
        var isLast: Bool
        /// The place of the last event that is known to be missing; nil where none is.
        var missingThrough: UInt64?
    }

    /// The next events for a subscription between two places in the order, the later included.
    func page(
        for subscription: Subscription, after sequence: UInt64, through end: UInt64 = .max, limit: Int
    ) -> Page {
        var page = Page(events: [], isLast: true)
        // What a dropped log knew, every log may have been.
        if sequence < forgottenThrough, !areLogsKnown(for: subscription) { page.missingThrough = forgottenThrough }
        forEachLog(of: subscription) { log in
            if sequence < log.forgottenThrough {
                page.missingThrough = max(page.missingThrough ?? 0, log.forgottenThrough)
            }
            let rest = log.events[log.events.firstIndex(after: sequence)..<log.events.firstIndex(after: end)]
            page.events += rest.prefix(limit)
            if rest.count > limit { page.isLast = false }
        }
        if let missing = page.missingThrough { page.missingThrough = min(missing, end) }
        page.events.sort { $0.sequence < $1.sequence }
        if page.events.count > limit {
            page.events.removeLast(page.events.count - limit)
            page.isLast = false
        }
        return page
    }

    /// The place behind which a subscription's last `count` events stand.
    func place(ofLast count: Int, for subscription: Subscription, else end: UInt64) -> UInt64 {
        var sequences: [UInt64] = []
        forEachLog(of: subscription) { log in sequences += log.events.suffix(count).map(\.sequence) }
        guard count > 0, !sequences.isEmpty else { return end }
        sequences.sort()
        return sequences[max(0, sequences.count - count)] - 1
    }

    /// True where every audience of the subscription has a log, which then knows itself what it has lost.
    private func areLogsKnown(for subscription: Subscription) -> Bool {
        guard logs[.everyone] != nil, subscription.topics.allSatisfy({ $0.segments == nil }) else { return false }
        if let user = subscription.user, logs[.user(user)] == nil { return false }
        return subscription.topics.allSatisfy { logs[.topic($0.description)] != nil }
    }

    private func forEachLog(of subscription: Subscription, _ body: (Log) -> Void) {
        if let log = logs[.everyone] { body(log) }
        if let user = subscription.user, let log = logs[.user(user)] { body(log) }
        let patterns = subscription.topics.filter { $0.segments != nil }
        for topic in Set(subscription.topics) where topic.segments == nil {
            // A pattern finds it, too.
            guard !patterns.contains(where: { $0.matches(topic.description) }) else { continue }
            if let log = logs[.topic(topic.description)] { body(log) }
        }
        guard !patterns.isEmpty else { return }
        for (audience, log) in logs {
            if case .topic(let topic) = audience, patterns.contains(where: { $0.matches(topic) }) { body(log) }
        }
    }
}

extension CircularBuffer<PublishedEvent> {
    /// The place of the first event behind that number, by halving.
    fileprivate func firstIndex(after sequence: UInt64) -> Index {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[index(startIndex, offsetBy: middle)].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return index(startIndex, offsetBy: low)
    }
}
