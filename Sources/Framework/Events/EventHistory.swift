import NIOCore

/// The events of the near past, by audience, in order.
struct EventHistory {
    private struct Log {
        var events: CircularBuffer<PublishedEvent> = []
        /// Events up to this one are forgotten.
        var forgottenThrough: UInt64
        /// When that was, counted in events forgotten.
        var forgottenAt: UInt64
        /// Events up to this one were not kept in the first place.
        var skippedThrough: UInt64 = 0
    }

    private let limits: HistoryLimits
    private var logs: [EventAudience.Recipients: Log] = [:]
    private var topics = AudienceTree()
    /// All events in the order they came, for what is bounded over all logs. Of those that their own log has let go the
    /// number alone is left.
    private var order: CircularBuffer<Place> = []
    private var keptCount = 0
    /// With what stands around each event in memory, and without compressed copies.
    private(set) var eventBytes = 0
    private let copies: CompressedCopies

    fileprivate struct Place {
        let sequence: UInt64
        var event: PublishedEvent?
    }

    /// Everything that is held: never more than `HistoryLimits.maxBytes`.
    var byteCount: Int { eventBytes + copies.byteCount }
    /// The last event of any audience that is missing here.
    private var missingThrough: UInt64
    /// The same for logs that were dropped as a whole.
    private var forgottenThrough: UInt64
    private var forgottenAt: UInt64 = 0
    /// The last events that were forgotten, in the order in which they were.
    private var recentlyForgotten: CircularBuffer<(sequence: UInt64, audience: EventAudience.Recipients)> = []
    private static let maximumRecentlyForgotten = 1024
    /// How many events were ever forgotten: tells what a client found forgotten from what is forgotten while it reads.
    private(set) var forgottenCount: UInt64 = 0
    /// Logs without events are remembered up to this number: they know that nothing of theirs is missing.
    private static let maximumEmptyLogs = 10_000

    /// - Parameters:
    ///   - sequence: what came before it is not known here.
    ///   - deletedThrough: the same for single audiences.
    init(
        _ limits: HistoryLimits, startingAfter sequence: UInt64,
        _ deletedThrough: [EventAudience.Recipients: UInt64] = [:]
    ) {
        self.limits = limits
        copies = CompressedCopies(room: limits.maxBytes)
        forgottenThrough = sequence
        missingThrough = deletedThrough.values.reduce(sequence, max)
        for (audience, deleted) in deletedThrough {
            addLog(Log(forgottenThrough: max(sequence, deleted), forgottenAt: 0), of: audience)
        }
    }

    var eventCount: Int { keptCount }

    mutating func append(_ event: PublishedEvent) {
        expire(now: event.time)
        if logs[event.audience] == nil { addLog(newLog, of: event.audience) }
        logs[event.audience]?.events.append(event)
        order.append(Place(sequence: event.sequence, event: event))
        keptCount += 1
        eventBytes += event.historyBytes
        copies.count(event.frame)
        if let count = logs[event.audience]?.events.count, count > limits.maxEventsPerTopic {
            forgetFirst(of: event.audience)
        }
        while byteCount > limits.maxBytes, let oldest = order.popFirst() { forget(oldest) }
        copies.room = limits.maxBytes - eventBytes
        // The places of what the logs let go themselves would stay for as long as one quiet topic has an old event.
        if order.count > 2 * keptCount + 64 {
            order = order.filter { $0.event != nil }.reduce(into: []) { $0.append($1) }
        }
        dropEmptyLogs()
    }

    private mutating func addLog(_ log: Log, of audience: EventAudience.Recipients) {
        logs[audience] = log
        if case .topic(let topic) = audience { topics.insert(topic) }
    }

    /// Notes that an event of this audience was not kept.
    mutating func skip(_ event: PublishedEvent) {
        if logs[event.audience] == nil { addLog(newLog, of: event.audience) }
        logs[event.audience]?.skippedThrough = event.sequence
        missingThrough = max(missingThrough, event.sequence)
        dropEmptyLogs()
    }

    private var newLog: Log { Log(forgottenThrough: forgottenThrough, forgottenAt: forgottenAt) }

    /// Forgets what is too old.
    mutating func expire(now: Duration) {
        while let oldest = order.first {
            if let event = oldest.event, now - event.time <= limits.maxAge { return }
            order.removeFirst()
            forget(oldest)
        }
    }

    /// Forgets an event that is the first of its log, where it still is in it.
    private mutating func forget(_ place: Place) { if let event = place.event { forgetFirst(of: event.audience) } }

    private mutating func forgetFirst(of audience: EventAudience.Recipients) {
        guard let event = logs[audience]?.events.popFirst() else { return }
        forgottenCount += 1
        logs[audience]?.forgottenThrough = event.sequence
        logs[audience]?.forgottenAt = forgottenCount
        missingThrough = max(missingThrough, event.sequence)
        if recentlyForgotten.count == Self.maximumRecentlyForgotten { recentlyForgotten.removeFirst() }
        recentlyForgotten.append((event.sequence, audience))
        keptCount -= 1
        eventBytes -= event.historyBytes
        copies.discount(event.frame)
        // Nothing of it stays: it may be large, and the next of its topic may come in a moment.
        let index = order.firstIndex(after: event.sequence - 1)
        if index != order.endIndex, order[index].sequence == event.sequence { order[index].event = nil }
    }

    /// A log that became empty knows what it has lost; of too many such logs only the latest loss is kept.
    private mutating func dropEmptyLogs() {
        guard logs.count > Self.maximumEmptyLogs + keptCount else { return }
        for (audience, log) in logs where log.events.isEmpty {
            forgottenThrough = max(forgottenThrough, log.forgottenThrough, log.skippedThrough)
            forgottenAt = max(forgottenAt, log.forgottenAt)
            logs[audience] = nil
            if case .topic(let topic) = audience { topics.remove(topic) }
        }
    }

    // MARK: - Reading

    /// The place of the last event behind `sequence` that is known to be missing; nil where none is.
    func missingThrough(for subscription: Subscription, after sequence: UInt64) -> UInt64? {
        guard missingThrough > sequence else { return nil }
        var missing: UInt64 = 0
        // What a dropped log knew, every log may have been.
        if !areLogsKnown(for: subscription) { missing = forgottenThrough }
        forEachLog(of: subscription) { _, log in missing = max(missing, log.forgottenThrough, log.skippedThrough) }
        return missing > sequence ? missing : nil
    }

    /// Some events in order.
    struct Page {
        var events: [PublishedEvent] = []
        /// Up to where these are all there are.
        var through: UInt64
        /// The place up to which events were forgotten since the reader began; 0 where none were.
        var forgottenThrough: UInt64 = 0
        /// From which count of forgotten events on the reader has to ask again.
        var askedThrough: UInt64
    }

    /// How many events a page looks at, whomever they are for: the lock is held for no longer.
    private static let maximumLooks = 2048

    /// The next events for a subscription between two places in the order, the later included.
    ///
    /// - Parameter start: the count of events that were forgotten when the reader began, or asked last.
    func page(
        for filter: AudienceFilter, after sequence: UInt64, through end: UInt64, limit: Int, since start: UInt64
    ) -> Page {
        var page = Page(through: end, askedThrough: start)
        noteForgotten(&page, for: filter, through: end)
        if filter.isWide {
            look(for: filter, after: sequence, through: end, limit, &page)
        } else {
            merge(for: filter, after: sequence, through: end, limit, &page)
        }
        return page
    }

    /// Goes through all events: a pattern may reach thousands of logs.
    private func look(
        for filter: AudienceFilter, after sequence: UInt64, through end: UInt64, _ limit: Int, _ page: inout Page
    ) {
        var looks = 0
        for place in order[order.firstIndex(after: sequence)..<order.firstIndex(after: end)] {
            if page.events.count == limit || looks == Self.maximumLooks { return }
            looks += 1
            page.through = place.sequence
            if let event = place.event, filter.includes(event.audience) { page.events.append(event) }
        }
        page.through = end
    }

    /// Puts the events of a few logs in order.
    private func merge(
        for filter: AudienceFilter, after sequence: UInt64, through end: UInt64, _ limit: Int, _ page: inout Page
    ) {
        var isCut = false
        forEachLog(of: filter.subscription) { _, log in
            let rest = log.events[log.events.firstIndex(after: sequence)..<log.events.firstIndex(after: end)]
            page.events += rest.prefix(limit)
            if rest.count > limit { isCut = true }
        }
        page.events.sort { $0.sequence < $1.sequence }
        if page.events.count > limit {
            page.events.removeLast(page.events.count - limit)
            isCut = true
        }
        if isCut, let last = page.events.last { page.through = last.sequence }
    }

    /// Finds what a reader came too late for.
    private func noteForgotten(_ page: inout Page, for filter: AudienceFilter, through end: UInt64) {
        let start = page.askedThrough
        guard forgottenCount > start else { return }
        var (last, isBeyond) = (0 as UInt64, false)
        func note(_ forgotten: UInt64) {
            if forgotten <= end { last = max(last, forgotten) } else { isBeyond = true }
        }
        if forgottenAt > start, !areLogsKnown(for: filter.subscription) {
            last = min(forgottenThrough, end)
            isBeyond = forgottenThrough > end
        }
        let count = forgottenCount - start
        if count <= recentlyForgotten.count {
            for (sequence, audience) in recentlyForgotten.suffix(Int(count)) where filter.includes(audience) {
                note(sequence)
            }
        } else {
            // More than is remembered: where it cannot be told which, it is said to be the one at `end`.
            forEachLog(of: filter.subscription) { _, log in
                guard log.forgottenAt > start else { return }
                note(log.forgottenThrough)
                if log.forgottenThrough > end { last = end }
            }
        }
        page.forgottenThrough = last
        // What is forgotten and not yet reached must be found again.
        if !isBeyond { page.askedThrough = forgottenCount }
    }

    /// The place behind which a subscription's last `count` events stand.
    func place(ofLast count: Int, for subscription: Subscription, else end: UInt64) -> UInt64 {
        guard count > 0 else { return end }
        var (candidates, first) = (0, UInt64.max)
        forEachLog(of: subscription) { _, log in
            candidates += min(count, log.events.count)
            if let event = log.events.first { first = min(first, event.sequence) }
        }
        guard candidates > 0 else { return end }
        if count >= keptCount { return first - 1 }
        var sequences: [UInt64] = []
        if candidates > Self.maximumCandidates {
            // There are so many that the last of them are near.
            let filter = AudienceFilter(subscription)
            for place in order.reversed() {
                guard let event = place.event, filter.includes(event.audience) else { continue }
                sequences.append(event.sequence)
                if sequences.count == count { break }
            }
        } else {
            forEachLog(of: subscription) { _, log in sequences += log.events.suffix(count).map(\.sequence) }
        }
        sequences.sort()
        return sequences[max(0, sequences.count - count)] - 1
    }

    /// How many events of single logs are put in order to find the last.
    private static let maximumCandidates = 8192

    /// True where every audience of the subscription has a log, which then knows itself what it has lost.
    private func areLogsKnown(for subscription: Subscription) -> Bool {
        guard !subscription.takesBroadcasts || logs[.everyone] != nil,
            subscription.topics.allSatisfy({ $0.segments == nil })
        else { return false }
        if let user = subscription.user, logs[.user(user)] == nil { return false }
        return subscription.topics.allSatisfy { logs[.topic($0.description)] != nil }
    }

    private func forEachLog(of subscription: Subscription, _ body: (EventAudience.Recipients, Log) -> Void) {
        func visit(_ audience: EventAudience.Recipients) { if let log = logs[audience] { body(audience, log) } }
        if subscription.takesBroadcasts { visit(.everyone) }
        if let user = subscription.user { visit(.user(user)) }
        let patterns = subscription.topics.filter { $0.segments != nil }
        for topic in Set(subscription.topics) where topic.segments == nil {
            // A pattern finds it, too.
            guard !patterns.contains(where: { $0.matches(topic.description) }) else { continue }
            visit(.topic(topic.description))
        }
        for (index, pattern) in patterns.enumerated() {
            topics.forEachMatch(of: (pattern.segments ?? [])[...]) { topic in
                // Another pattern may have found it.
                guard !patterns[..<index].contains(where: { $0.matches(topic) }) else { return }
                visit(.topic(topic))
            }
        }
    }

    /// What is really held, found by a walk over all of it: what `byteCount` has to be.
    package var heldBytes: Int {
        var held: [ObjectIdentifier: PublishedEvent] = [:]
        for event in order.compactMap(\.event) { held[ObjectIdentifier(event)] = event }
        for log in logs.values { for event in log.events { held[ObjectIdentifier(event)] = event } }
        return held.values.reduce(0) { $0 + $1.historyBytes + $1.frame.keptCopyBytes }
    }
}

/// Something with a place in the order of events.
private protocol Sequenced {
    var sequence: UInt64 { get }
}

extension PublishedEvent: Sequenced {}
extension EventHistory.Place: Sequenced {}

extension CircularBuffer where Element: Sequenced {
    /// The place of the first element behind that number, by halving.
    fileprivate func firstIndex(after sequence: UInt64) -> Index {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[index(startIndex, offsetBy: middle)].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return index(startIndex, offsetBy: low)
    }
}
