import MartletEventStream
import NIOCore

/// An open stream on its event loop: its sink, and what waits for it.
// Confined to the loop of its shard; it is only carried elsewhere.
package final class Subscriber: @unchecked Sendable {
    package let client: EventClient
    let subscription: Subscription
    /// The place in the order of events at which it joined.
    package private(set) var joinedAt: UInt64 = 0
    /// Where it begins; nil from then on.
    private var start: StreamStart?
    /// When the stream ends unless it is refreshed.
    var expiry: Duration?
    /// Its place in the shard, which has more of it; -1 before the shard takes it.
    private var slot = -1
    /// When it ends in any case.
    let deadline: Duration?
    private let endsWithBody: Bool
    private let isEndless: Bool
    private let resumePoint: ResumePoint?
    private let replayForNew: Replay
    private let expiresAfter: Duration?
    /// Holds the stream's place under the limits.
    private var place: StreamPlace?
    private var onClose: (@Sendable (EventClient) -> Void)?
    private let sink: any EventSink
    private let shard: HubShard
    private var phase = Phase.opening
    private var body: Task<Void, Never>?
    private var isBodyRunning = false
    private var hasSaidFarewell = false
    /// nil where nothing waits.
    private var queue: EventQueue?
    private var waiting: [Waiter<Void>] = []
    /// The shard's tick at which this client began to hold publishers up; nil while it does not.
    private var heldSince: Int?
    private lazy var mayHoldPublishers = hub.settings.suspendsPublishers(of: subscription)
    private var needsFlush = false
    private var isPumping = false

    private enum Phase {
        /// The shard has not taken it yet.
        case opening
        /// What it missed comes from the history; what is published meanwhile will.
        case replaying(HistoryReplay)
        case live
        case ended
    }

    init(_ client: EventClient, _ stream: EventStream, sink: any EventSink, shard: HubShard) {
        self.client = client
        self.sink = sink
        self.shard = shard
        subscription = Subscription(
            topics: stream.admission?.topics ?? [], user: stream.user, takesBroadcasts: stream.takesBroadcasts)
        endsWithBody = stream.endsWithBody
        isEndless = stream.isEndless
        resumePoint = stream.admission?.resume
        replayForNew = stream.replay
        expiresAfter = stream.expiresAfter
        place = stream.admission?.place
        deadline = stream.admission?.proof?.deadline
        onClose = stream.onClose
    }

    var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// Bytes that wait until the peer reads.
    var queuedBytes: Int { queue?.byteCount ?? 0 }

    private var hub: EventHub { client.hub }

    /// True while a shutdown lets it go on: its body has something to tell, and comes to an end.
    var isFinishing: Bool { isBodyRunning && !isEndless }

    // MARK: - Begin and end

    /// Called under the hub's lock, before the shard takes it.
    func joined(at place: UInt64, in state: inout HubState) {
        joinedAt = place
        start = hub.start(subscription, resumePoint, else: replayForNew, in: &state)
    }

    /// The shard delivers from now on.
    func begin(_ slot: Int) {
        guard let start else { return }
        self.start = nil
        self.slot = slot
        let place = "\(hub.epoch)-\(start.place)"
        if let resume = start.resume { shard.counters.count(resume.verdict) }
        if let resume = start.resume, let frame = ControlEvent.frame("martlet.resume", resume, id: place) {
            write(frame)
        }
        if let expiresAfter {
            expiry = hub.now + expiresAfter
            let news = ControlEvent.Expiry(client: client.id, seconds: expiresAfter / .seconds(1))
            if let frame = ControlEvent.frame("martlet.expiry", news) { write(frame) }
        }
        phase = .replaying(start.replay)
        // Before anything is flushed, which may find the peer gone.
        for hook in hub.settings.joinHooks { hook(client, hub) }
        pump()
    }

    /// Runs the stream's body as a task of its own.
    func run(_ body: @escaping EventStream.Body, endsStream: Bool, _ farewell: EventStream.Farewell) {
        let client = client
        isBodyRunning = true
        let task = shard.executor.start { [weak self] in
            defer { self?.isBodyRunning = false }
            do {
                try await body(client)
                if endsStream { client.hub.closeClient(client.id, reconnect: farewell != .event) }
            } catch {
                if error is CancellationError {
                    client.close()
                } else {
                    // What failed once is not to fail again every few seconds.
                    client.fail(error, id: farewell == .none ? nil : EventHub.farewellID)
                }
            }
        }
        // It may have ended the stream before its first suspension.
        if hasEnded { task.cancel() } else { self.body = task }
    }

    /// Ends the stream from this side, behind what was written and what waits.
    ///
    /// - Parameter last: what it is told in the end.
    func end(reconnect: Bool, _ last: EventFrame? = nil) {
        guard !hasEnded else { return }
        takeOver()
        // The part of the history beyond a client's budget comes when it connects again; the rest of what waits would not.
        var rest = shard.limits.maxStreamBacklogBytes
        while case .replaying(let replay) = phase, sink.isWritable || rest > 0 || queue != nil || !reconnect {
            step(replay) { rest -= $0 }
        }
        if case .live = phase { drainQueue(while: { true }) }
        if let last { write(last) }
        if !reconnect, let frame = ControlEvent.frame("martlet.close", ["reconnect": false], id: EventHub.farewellID) {
            write(frame)
        }
        sink.flush()
        sink.end()
        left()
    }

    /// True when nobody has refreshed it in time, or its user's proof is over.
    func isOver(at now: Duration) -> Bool {
        expiry.map { now >= $0 } ?? false || deadline.map { now >= $0 } ?? false
    }

    /// The authorisation is over.
    func expire() {
        shard.counters.expired.add(1, ordering: .relaxed)
        end(reconnect: true, ControlEvent.frame("martlet.expired", ["client": client.id]))
    }

    /// Tells the client when to come back: each at another time.
    func farewell(retry: ClosedRange<Duration>) {
        guard !hasEnded, !hasSaidFarewell else { return }
        hasSaidFarewell = true
        let spread = (retry.upperBound - retry.lowerBound) / .milliseconds(1)
        let time = retry.lowerBound + .milliseconds(Int(Double.random(in: 0...max(0, spread))))
        if let draft = try? EventFrame.Draft(ServerSentEvent(retry: time)) { write(draft.frame(id: nil)) }
    }

    /// The stream has ended, from whichever side: called once or often, it counts once.
    package func left() {
        guard !hasEnded else { return }
        let hadBegun = if case .opening = phase { false } else { true }
        phase = .ended
        shard.remove(self)
        hub.left(client.id)
        place = nil
        body?.cancel()
        body = nil
        queue = nil
        client.window?.close()
        let cancelled = waiting
        waiting = []
        for waiter in cancelled { waiter.resume(with: .failure(CancellationError())) }
        letPublishersOn()
        onClose?(client)
        onClose = nil
        if hadBegun { for hook in hub.settings.leaveHooks { hook(client, hub) } }
    }

    /// True where publishers have waited for this client from that tick of the shard on, or longer.
    func hasHeldPublishers(since tick: Int) -> Bool { heldSince.map { $0 <= tick } ?? false }

    func disconnectSlowReader() {
        hub.logger.notice("disconnected a slow reader", metadata: ["client": "\(client.id)"])
        shard.counters.disconnected.add(1, ordering: .relaxed)
        sink.abort()
        left()
    }

    // MARK: - Events

    func deliver(_ burst: EventBurst) {
        let events = burst.events
        switch phase {
        case .live where queue == nil && sink.isWritable && events[0].sequence > lastSeen:
            lastSeen = events[events.count - 1].sequence
            write(burst.frame)
        case .live, .replaying:
            for event in events { deliver(event) }
        case .opening, .ended:
            break
        }
    }

    private func deliver(_ event: PublishedEvent) {
        // By two of its subscriptions, it comes twice.
        guard event.sequence > lastSeen else { return }
        switch phase {
        case .live:
            lastSeen = event.sequence
            writeOrEnqueue(event.frame, event, place: event.sequence)
        case .replaying(let replay):
            lastSeen = event.sequence
            if case .kept = event.keeping {
                replay.extend(to: event.sequence)
            } else {
                enqueue(event.frame, event, place: event.sequence)
            }
        case .opening, .ended:
            break
        }
    }

    /// Delivers what is sent to this client alone.
    func deliver(_ sends: [HubShard.Send]) {
        if case .live = phase, sends.count > 1, queue == nil, sink.isWritable {
            write(EventFrame(joining: sends.lazy.map { [self] in ($0.draft, id(after: $0.sequence)) }))
        } else {
            for one in sends { deliver(one) }
        }
    }

    /// Each may be the one too many that ends the stream.
    private func deliver(_ one: HubShard.Send) {
        switch phase {
        case .live: writeOrEnqueue(one.draft.frame(id: id(after: one.sequence)), nil, place: one.sequence)
        case .replaying: enqueue(one.draft.frame(id: id(after: one.sequence)), nil, place: one.sequence)
        case .opening, .ended: break
        }
    }

    /// The id says that everything up to there was delivered. A stream that ends with its body starts anew anyhow.
    private func id(after sequence: UInt64) -> EventID? {
        endsWithBody ? nil : EventID(epoch: hub.epoch, sequence: sequence)
    }

    private func writeOrEnqueue(_ frame: EventFrame, _ event: PublishedEvent?, place: UInt64) {
        guard queue != nil || !sink.isWritable else { return write(frame) }
        enqueue(frame, event, place: place)
    }

    /// Lets it wait for the peer, or for the replay to come to it.
    private func enqueue(_ frame: EventFrame, _ event: PublishedEvent?, place: UInt64) {
        takeOver()
        client.window?.close()
        let queue = queue ?? EventQueue()
        self.queue = queue
        switch queue.append(frame, event, place: place, budget: shard.limits.maxStreamBacklogBytes) {
        case .queued: holdPublishers()
        case .dropped(let count):
            shard.counters.dropped.add(count, ordering: .relaxed)
            if event?.key != nil { shard.counters.superseded.add(count, ordering: .relaxed) }
            holdPublishers()
        case .overflow: disconnectSlowReader()
        }
    }

    /// The other half of the budget is for what is underway by then.
    private func holdPublishers() {
        guard heldSince == nil, queuedBytes > shard.limits.maxStreamBacklogBytes / 2,
            mayHoldPublishers
        else { return }
        heldSince = shard.tick
        shard.counters.suspended.add(1, ordering: .relaxed)
        hub.hold(client.id, subscription.topics)
    }

    private func letPublishersOn() {
        guard heldSince != nil else { return }
        heldSince = nil
        hub.release(client.id, subscription.topics)
    }

    func beat() {
        // A peer that does not take what is there needs no more.
        if queue == nil, sink.isWritable { write(.comment) }
    }

    /// Spreads the beats of streams that fell silent together.
    func jitter(upTo ticks: Int) -> Int { ticks > 0 ? Int(client.id.rawValue % UInt64(ticks + 1)) : 0 }

    // MARK: - The sink

    private func write(_ frame: EventFrame) {
        takeOver()
        writeToSink(frame)
    }

    private func writeToSink(_ frame: EventFrame) {
        sink.write(frame)
        shard.noteWriting(slot)
        guard !needsFlush else { return }
        needsFlush = true
        shard.wrote(to: self)
    }

    /// From now on nothing goes past this to the socket; what this turn has for it goes first.
    private func takeOver() {
        if slot >= 0, let first = shard.withdraw(slot) { writeToSink(first) }
    }

    func flush() {
        needsFlush = false
        if !hasEnded { sink.flush() }
        if !sink.isWritable { becameUnwritable() }
        // The next event may go there at once.
        if case .live = phase, queue == nil, let socket = sink.socket { shard.open(socket, slot) }
    }

    /// The socket has taken that much of a frame, and no more.
    func write(_ frame: EventFrame, after sent: Int) {
        takeOver()
        sink.write(frame, after: sent)
    }

    /// True where something went past this to the socket since this was last asked.
    package func takeWasSentTo() -> Bool { slot >= 0 && !hasEnded && shard.takeWasSentTo(slot) }

    var lastTick: Int { shard.lastTick(slot) }

    /// The last event that was taken care of.
    private var lastSeen: UInt64 {
        get { shard.lastSeen(slot) }
        set { shard.saw(newValue, slot) }
    }

    /// The peer takes no more for now.
    package func becameUnwritable() { client.window?.close() }

    /// The peer has read enough for more to be written.
    package func becameWritable() { pump() }

    /// Writes what waits, or what the history has, as far as the peer takes it.
    private func pump() {
        // A flush may find at once that the peer takes more.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        var steps = 0
        while !hasEnded, sink.isWritable {
            if case .replaying(let replay) = phase {
                // Others on the loop have their turn before a long history is through.
                guard steps < Self.maximumSteps else {
                    shard.executor.eventLoop.execute { [self] in pump() }
                    break
                }
                steps += 1
                step(replay)
            } else if queue != nil {
                drainQueue(while: { sink.isWritable })
            } else {
                break
            }
            if needsFlush { sink.flush() }
        }
        resumeWaiting()
    }

    /// How many pages of the history are written in one go.
    private static let maximumSteps = 32

    /// Writes some of what it missed, or goes live.
    private func step(_ replay: HistoryReplay, wrote: (Int) -> Void = { _ in }) {
        let count = replay.step(
            hub,
            write: { frame in
                write(frame)
                wrote(frame.byteCount)
            }, writeWaiting: { writeWaiting(before: $0) })
        if let count {
            shard.counters.replayed.add(count, ordering: .relaxed)
        } else {
            lastSeen = max(lastSeen, replay.end)
            phase = .live
        }
        releasePublishers()
    }

    private func drainQueue(while goesOn: () -> Bool) {
        while goesOn(), writeWaiting() != nil {}
        releasePublishers()
    }

    /// Writes the first of what waits.
    ///
    /// - Returns: its place in the order of events, 0 for the news of a gap; nil where nothing waits before the bound.
    private func writeWaiting(before bound: UInt64 = .max) -> UInt64? {
        let next = queue?.popFirst(before: bound)
        if queue?.isEmpty == true { queue = nil }
        switch next {
        case nil:
            return nil
        case .frame(let frame, let place):
            write(frame)
            return place
        case .gap(let gap):
            let news = ControlEvent.Gap(
                first: "\(hub.epoch)-\(gap.first)", last: "\(hub.epoch)-\(gap.last)", count: gap.count)
            if let frame = ControlEvent.frame("martlet.gap", news) { write(frame) }
            return 0
        }
    }

    private func releasePublishers() {
        if queue == nil { letPublishersOn() }
    }

    // MARK: - Writers that wait

    func resume(_ waiter: Waiter<Void>) {
        if hasEnded {
            waiter.resume(with: .failure(CancellationError()))
        } else if isTakingMore {
            client.window?.fill()
            waiter.resume()
        } else {
            // Cancelled ones do not stay.
            waiting.removeAll { !$0.isWaiting }
            waiting.append(waiter)
        }
    }

    private var isTakingMore: Bool {
        guard case .live = phase else { return false }
        return queue == nil && sink.isWritable
    }

    private func resumeWaiting() {
        guard isTakingMore, !waiting.isEmpty else { return }
        let resumed = waiting
        waiting = []
        client.window?.fill()
        for waiter in resumed { waiter.resume() }
    }
}
