import NIOCore

/// One event loop's share of the streams.
///
/// Confined to its loop: nothing here is locked, and an event costs each client one write of the same buffer.
// Everything but the constants is touched on the event loop only, which the hub and the sinks see to.
final class HubShard: @unchecked Sendable {
    enum Delivery: Sendable {
        case join(Subscriber)
        case event(PublishedEvent)
        /// For one client, at that place in the order.
        case send(EventClient.ID, EventFrame.Draft, after: UInt64)
        case close(EventClient.ID, reconnect: Bool)
        /// It came after the farewell to the others.
        case turnAway(EventClient.ID)
        case closeAll(Set<EventClient.ID>)
        case refresh(EventClient.ID, until: Duration)
    }

    typealias Send = (draft: EventFrame.Draft, sequence: UInt64)

    let executor: LoopExecutor
    let limits: Limits
    let counters = ShardCounters()
    private let clock: any Clock<Duration>
    private var slots = StreamSlots()
    /// The slot of each stream.
    private var streams: TopicIndex<Int>.Members = [:]
    private var topics = TopicIndex<Int>()
    private var users: [String: TopicIndex<Int>.Members] = [:]
    /// What this turn delivers.
    private var bursts: [EventBurst] = []
    private var written: [Subscriber] = []
    private let transmit: EventHub.Transmit
    private var timer: Task<Void, Never>?
    /// What the timer waits for where there is no stream; nil where it runs.
    private var idleTimer: Waiter<Void>?
    private var report: (@Sendable (EventStatistics.Loop) -> Void)?
    /// Counts the timer's ticks, so that silence is measured without reading a clock for each write.
    private(set) var tick = 0

    init(_ executor: LoopExecutor, clock: any Clock<Duration>, limits: Limits, transmit: @escaping EventHub.Transmit) {
        self.executor = executor
        self.transmit = transmit
        self.clock = clock
        self.limits = limits
    }

    // MARK: - Deliveries

    func deliver(_ deliveries: [Delivery]) {
        var index = 0
        while index < deliveries.count {
            switch deliveries[index] {
            case .event(let first):
                // A burst for the same audience is one write for each client.
                var events = [first]
                var bytes = first.frame.byteCount
                while index + 1 < deliveries.count, case .event(let next) = deliveries[index + 1],
                    next.audience == first.audience, bytes + next.frame.byteCount <= Self.maximumBurstBytes
                {
                    events.append(next)
                    bytes += next.frame.byteCount
                    index += 1
                }
                deliver(events, to: first.audience)
            case .join(let subscriber):
                join(subscriber)
            case .send(let id, _, _):
                // What one client is sent in a row is one write.
                var sends: [Send] = []
                var bytes = 0
                while index < deliveries.count, case .send(id, let draft, let sequence) = deliveries[index],
                    sends.isEmpty || bytes + draft.byteCount <= Self.maximumBurstBytes
                {
                    sends.append((draft, sequence))
                    bytes += draft.byteCount
                    index += 1
                }
                subscriber(id)?.deliver(sends)
                continue
            case .close(let id, let reconnect):
                subscriber(id)?.end(reconnect: reconnect)
            case .turnAway(let id):
                subscriber(id)?.farewell(retry: limits.reconnectSpread)
                subscriber(id)?.end(reconnect: true)
            case .closeAll(let clients):
                for subscriber in subscribers where clients.contains(subscriber.client.id) {
                    subscriber.end(reconnect: true)
                }
            case .refresh(let id, let time):
                let subscriber = subscriber(id)
                if subscriber?.expiry != nil { subscriber?.expiry = time }
            }
            index += 1
        }
        flush()
    }

    /// How much is joined into one write, which copies it once for all clients.
    private static let maximumBurstBytes = 256 * 1024

    private func deliver(_ events: [PublishedEvent], to audience: EventAudience.Recipients) {
        let burst = EventBurst(events)
        bursts.append(burst)
        var clients = 0
        let deliverToAll = { [self] (members: TopicIndex<Int>.Members) in
            clients += members.count
            for slot in members.values { deliver(burst, toSlot: slot) }
        }
        switch audience {
        case .everyone:
            clients = streams.count - slots.secludedCount
            let isForAll = slots.secludedCount == 0
            if slots.indices.count <= 4 * streams.count {
                for slot in slots.indices where isForAll || slots.takesBroadcasts(slot) { deliver(burst, toSlot: slot) }
            } else {
                // Many have gone: their slots are not walked for those that stayed.
                for slot in streams.values where isForAll || slots.takesBroadcasts(slot) {
                    deliver(burst, toSlot: slot)
                }
            }
        case .user(let user): if let members = users[user] { deliverToAll(members) }
        case .topic(let topic): topics.forEachGroup(on: topic, deliverToAll)
        }
        counters.delivered.add(clients * events.count, ordering: .relaxed)
    }

    /// - Parameter burst: the last of `bursts`.
    private func deliver(_ burst: EventBurst, toSlot slot: Int) {
        guard !slots.claim(slot, for: bursts.count - 1, through: burst.last) else { return }
        slots[slot]?.deliver(burst)
    }

    private func join(_ subscriber: Subscriber) {
        guard !subscriber.hasEnded else { return }
        let id = subscriber.client.id
        let slot = slots.insert(subscriber, tick: tick)
        streams[id] = slot
        if let user = subscriber.subscription.user { users[user, default: [:]][id] = slot }
        for topic in subscriber.subscription.topics { topics.insert(slot, id, on: topic) }
        idleTimer?.resume(with: .success(()))
        idleTimer = nil
        subscriber.begin(slot)
    }

    func remove(_ subscriber: Subscriber) {
        let id = subscriber.client.id
        guard let slot = streams.removeValue(forKey: id) else { return }
        slots.remove(slot)
        if let user = subscriber.subscription.user {
            users[user]?[id] = nil
            if users[user]?.isEmpty == true { users[user] = nil }
        }
        for topic in subscriber.subscription.topics { topics.remove(id, from: topic) }
    }

    private func subscriber(_ id: EventClient.ID) -> Subscriber? { streams[id].flatMap { slots[$0] } }

    private var subscribers: [Subscriber] { streams.values.compactMap { slots[$0] } }

    // MARK: - What subscribers note in their slots

    func lastSeen(_ slot: Int) -> UInt64 { slots.lastSeen(slot) }
    func saw(_ sequence: UInt64, _ slot: Int) { slots.saw(sequence, slot) }
    func lastTick(_ slot: Int) -> Int { slots.lastTick(slot) }
    func takeWasSentTo(_ slot: Int) -> Bool { slots.takeWasSentTo(slot) }

    /// Lets events go to the socket past the subscriber, until it writes.
    func open(_ socket: Int32, _ slot: Int) { slots.open(socket, slot) }

    /// - Returns: what has to be written before anything else.
    func withdraw(_ slot: Int) -> EventFrame? { slots.withdraw(slot).map { bursts[$0].frame } }

    /// Notes that a subscriber has something to flush.
    func wrote(to subscriber: Subscriber) { written.append(subscriber) }

    func noteWriting(_ slot: Int) { slots.wrote(at: tick, slot) }

    // MARK: - The end of a turn

    func flush() {
        sendClaimed()
        // A flush that fails ends its stream at once, which must not disturb the walk.
        while !written.isEmpty {
            let subscribers = written
            written.removeAll(keepingCapacity: true)
            for subscriber in subscribers { subscriber.flush() }
        }
    }

    private func sendClaimed() {
        for claim in 0..<slots.claimCount {
            guard let (slot, socket, burst) = slots.take(claim: claim, tick: tick) else { continue }
            let frame = bursts[burst].frame
            let sent = transmit(frame, socket)
            if sent < frame.chunk.readableBytes { slots[slot]?.write(frame, after: sent) }
        }
        slots.forgetClaims()
        bursts.removeAll(keepingCapacity: true)
    }

    func resume(_ waiter: Waiter<Void>, whenWritable id: EventClient.ID) {
        guard let subscriber = subscriber(id) else {
            waiter.resume(with: .failure(CancellationError()))
            return
        }
        subscriber.resume(waiter)
    }

    var figures: EventStatistics.Loop {
        EventStatistics.Loop(
            streams: streams.count, queuedBytes: subscribers.reduce(0) { $0 + $1.queuedBytes },
            delivered: counters.delivered.load(ordering: .relaxed),
            replayed: counters.replayed.load(ordering: .relaxed),
            dropped: counters.dropped.load(ordering: .relaxed),
            superseded: counters.superseded.load(ordering: .relaxed),
            disconnected: counters.disconnected.load(ordering: .relaxed),
            suspended: counters.suspended.load(ordering: .relaxed),
            expired: counters.expired.load(ordering: .relaxed),
            resumed: counters.resumed.load(ordering: .relaxed), partial: counters.partial.load(ordering: .relaxed),
            reset: counters.reset.load(ordering: .relaxed))
    }

    // MARK: - Time

    /// One timer for all: heartbeats, and streams that expire.
    ///
    /// - Parameters:
    ///   - now: since the hub was made.
    ///   - report: called when the streams have been looked after.
    func startTimer(now: @escaping @Sendable () -> Duration, report: (@Sendable (EventStatistics.Loop) -> Void)?) {
        let interval = max(.milliseconds(10), min(.seconds(1), limits.heartbeat / 15))
        // A very long time means none.
        func ticks(_ time: Duration) -> Int { Int(min(max(1, (time / interval).rounded()), 1e9)) }
        let (silence, patience) = (ticks(limits.heartbeat), ticks(limits.maxPublisherSuspension))
        self.report = report
        timer = Task(executorPreference: executor) { [clock] in
            while !Task.isCancelled {
                do {
                    // An app without streams wakes up for nothing.
                    if report == nil { try await self.whenThereAreStreams() }
                    try await clock.sleep(for: interval)
                } catch {
                    return
                }
                self.tick(silence: silence, patience: patience, now())
                if let report { report(self.figures) }
            }
        }
    }

    private func whenThereAreStreams() async throws {
        guard streams.isEmpty else { return }
        let waiter = Waiter<Void>()
        idleTimer = waiter
        try await waiter.wait()
    }

    func stopTimer() { timer?.cancel() }

    /// Sends a comment to the streams that were silent for the interval, and ends those whose time is over, and those for
    /// which publishers have waited long enough.
    private func tick(silence: Int, patience: Int, _ now: Duration) {
        tick += 1
        let jitter = Int(Double(silence) * limits.heartbeatJitter)
        for subscriber in subscribers {
            if subscriber.isOver(at: now) {
                subscriber.expire()
            } else if subscriber.hasHeldPublishers(since: tick - patience) {
                subscriber.disconnectSlowReader()
            } else if tick - subscriber.lastTick >= silence - subscriber.jitter(upTo: jitter) {
                subscriber.beat()
            }
        }
        flush()
    }

    // MARK: - Shutdown

    /// Says farewell and ends the streams that wait for others' events, a few at a time; those whose body is under way when
    /// it is through.
    ///
    /// - Parameters:
    ///   - window: over how long the closes are spread.
    ///   - patience: how long the bodies may take.
    ///   - deliverWaiting: delivers what waits for this loop: what was sent, be it by a body that has returned since, goes
    ///     before the end of a stream.
    func drain(over window: Duration, patience: Duration, deliverWaiting: () -> Void) async {
        defer { report?(figures) }
        deliverWaiting()
        let step = Duration.milliseconds(20)
        let share = max(
            1, (streams.count + Self.steps(of: step, in: window) - 1) / Self.steps(of: step, in: window))
        for subscriber in subscribers where !subscriber.isFinishing {
            subscriber.farewell(retry: limits.reconnectSpread)
        }
        flush()
        var waited = Duration.zero
        while !streams.isEmpty {
            let isOver = waited >= patience
            let ended = subscribers.filter { isOver || !$0.isFinishing }.prefix(isOver ? .max : share)
            for subscriber in ended {
                subscriber.farewell(retry: limits.reconnectSpread)
                subscriber.end(reconnect: true)
            }
            flush()
            guard !streams.isEmpty else { return }
            do { try await clock.sleep(for: step) } catch { return }
            waited += step
            deliverWaiting()
        }
    }

    private static func steps(of step: Duration, in window: Duration) -> Int {
        max(1, Int((window / step).rounded(.down)))
    }
}

/// Events in a row for the same audience, and, made when it is first needed, all of them as one frame.
final class EventBurst {
    let events: [PublishedEvent]
    private(set) lazy var frame = events.count == 1 ? events[0].frame : EventFrame(joining: events.map(\.frame))

    init(_ events: [PublishedEvent]) { self.events = events }

    /// The number of the last one.
    var last: UInt64 { events[events.count - 1].sequence }
}
