import Logging
import MartletEventStream
import NIOCore
import Synchronization

/// The live streams of an application: opens them, publishes to all, to a topic's or to a user's, sends to one, counts and
/// closes them.
///
/// In an action it is `ctx.sse`; elsewhere take it as a service of this type. Every call may come from any thread. What
/// one caller sends, each client gets in the order it was sent.
public final class EventHub: Sendable {
    package let state: Mutex<HubState>
    let shards: [HubShard]
    let logger: Logger
    package let settings: EventSettings
    let limits: Limits
    let clock: any Clock<Duration>
    let json: JSON
    package let admission: StreamCounts
    /// Names this hub's numbering of events; with a store it outlives the process.
    package let epoch: String
    /// The last number of earlier processes, of which only what a store has is known.
    package let firstSequence: UInt64
    /// One for each loop, so that none waits for another's.
    private let deflaters: [FrameDeflater]
    private let writer: HistoryWriter?
    private let shardOfLoop: [ObjectIdentifier: Int]
    private let nextID = Atomic<UInt64>(1)
    /// Which proofs were over by then.
    let proofNumber = Atomic<UInt64>(0)
    let elapsed: @Sendable () -> Duration

    /// Gives a socket a frame's chunk; returns how many bytes of it were taken.
    package typealias Transmit = @Sendable (EventFrame, _ socket: Int32) -> Int

    /// - Parameters:
    ///   - json: how the values become data that are published.
    ///   - storeExecutor: where the store's blocking calls run, one after the other; nil for a thread of their own.
    ///   - transmit: what gives a socket a frame.
    /// - Throws: `StartupError` where the store cannot be read.
    package init(
        executors: [LoopExecutor], clock: any Clock<Duration>, settings: EventSettings, limits: Limits, logger: Logger,
        json: JSON = .standard, storeExecutor: HistoryWriter.Executor? = nil,
        transmit: @escaping Transmit = { $0.chunk.sendNow(to: $1) }
    ) throws {
        let elapsed = clock.stopwatch()
        let past = try EventHistory.past(settings, now: elapsed())
        state = Mutex(
            HubState(
                shards: executors.count, history: past.history, lastSequence: past.lastSequence,
                gate: PublisherGate(shards: executors.count, limits: limits)))
        epoch = past.epoch
        firstSequence = past.lastSequence
        shards = executors.map { HubShard($0, clock: clock, limits: limits, transmit: transmit) }
        deflaters = executors.map { _ in FrameDeflater() }
        shardOfLoop = Dictionary(
            executors.enumerated().map { (ObjectIdentifier($1.eventLoop), $0) }, uniquingKeysWith: { first, _ in first }
        )
        writer = settings.store.map { HistoryWriter($0, storeExecutor) }
        admission = StreamCounts(limits)
        self.elapsed = elapsed
        self.clock = clock
        self.settings = settings
        self.limits = limits
        self.logger = logger
        self.json = json
    }

    deinit {
        for shard in shards { shard.stopTimer() }
    }

    func newID() -> Int { Int(nextID.add(1, ordering: .relaxed).oldValue) }

    /// Since the hub was made.
    var now: Duration { elapsed() }

    // MARK: - Publishing

    // An event goes through these steps, each with a word of its own: it is prepared, numbered, submitted, stored,
    // distributed to the loops, delivered to their streams, and written.

    /// Publishes an event and waits until it is kept: with a store, until that has it. Waits first for the slow readers of a
    /// topic whose policy is `suspendPublisher`, and for a store that has fallen behind.
    ///
    /// - Throws: `EventEncodingError` for what the wire cannot carry, `TopicError` for a malformed topic, what the store
    ///   throws; then nobody gets the event. `CancellationError` when the task is cancelled: an event that was submitted by
    ///   then goes its way.
    @discardableResult
    public func publish(_ event: ServerSentEvent, to audience: EventAudience) async throws -> Receipt {
        let audience = try audience.recipients()
        let prepared = try prepare(event, audience)
        let demand = demand(of: prepared, audience)
        if demand.takesRoom { try await enter(demand) }
        guard writer != nil else { return number(event, prepared, audience, inRoomOf: demand, acknowledge: nil) }
        let stored = Waiter<Void>()
        let receipt = number(event, prepared, audience, inRoomOf: demand) { error in
            stored.resume(with: error.map { .failure($0) } ?? .success(()))
        }
        try await stored.wait()
        return receipt
    }

    /// Publishes an event without waiting. With a store, this only hands it over, and an error of the store is logged: with
    /// `publish` it is known to be kept.
    ///
    /// - Throws: `EventEncodingError` for what the wire cannot carry, `TopicError` for a malformed topic,
    ///   `StoreBacklogError` where too much waits for the store; then nobody gets the event.
    @discardableResult
    public func post(_ event: ServerSentEvent, to audience: EventAudience) throws -> Receipt {
        let audience = try audience.recipients()
        let prepared = try prepare(event, audience)
        return try update { state throws(StoreBacklogError) in
            try checkStoreRoom(byteCount: prepared.draft.byteCount, &state)
            return number(event, prepared, audience, &state) { [logger] error in
                if let error { logger.error("an event was not stored", metadata: ["error": "\(error)"]) }
            }
        }
    }

    /// What an event needs for its place in the order.
    private struct Prepared {
        let draft: EventFrame.Draft
        let settings: TopicSettings
        let key: String?
    }

    /// What needs no lock.
    private func prepare(_ event: ServerSentEvent, _ audience: EventAudience.Recipients) throws -> Prepared {
        let settings = settings.settings(of: audience)
        var key: String?
        if case .latestOnly(let keyOf) = settings.slowReaders { key = keyOf(event) }
        return Prepared(
            draft: try EventFrame.Draft(event, isCompressible: settings.isCompressible), settings: settings, key: key)
    }

    private func demand(of prepared: Prepared, _ audience: EventAudience.Recipients) -> PublisherGate.Demand {
        var demand = PublisherGate.Demand(byteCount: prepared.draft.byteCount, topic: nil, isStored: writer != nil)
        if case .topic(let topic) = audience, case .suspendPublisher = prepared.settings.slowReaders {
            demand.topic = topic
        }
        return demand
    }

    /// - Parameter demand: the room that the publisher was let on with.
    private func number(
        _ event: ServerSentEvent, _ prepared: Prepared, _ audience: EventAudience.Recipients,
        inRoomOf demand: PublisherGate.Demand,
        acknowledge: (@Sendable ((any Error)?) -> Void)?
    ) -> Receipt {
        let receipt = update { state in
            // It takes what it really needs in its place.
            if demand.takesRoom { state.gate.giveBack(demand) }
            return number(event, prepared, audience, &state, acknowledge: acknowledge)
        }
        if demand.takesRoom { letPublishersOn() }
        return receipt
    }

    /// Gives the event its place in the order.
    private func number(
        _ event: ServerSentEvent, _ prepared: Prepared, _ audience: EventAudience.Recipients, _ state: inout HubState,
        acknowledge: (@Sendable ((any Error)?) -> Void)?
    ) -> Receipt {
        state.lastSequence += 1
        state.published += 1
        let id = event.id == nil ? EventID(epoch: epoch, sequence: state.lastSequence) : nil
        let isKept = id != nil && prepared.settings.keepsHistory && settings.history.maxEventsPerTopic > 0
        let published = PublishedEvent(
            sequence: state.lastSequence, audience: audience, frame: prepared.draft.frame(id: id),
            keeping: isKept ? .kept : id == nil ? .foreign : .forgotten, time: now,
            slowReaders: prepared.settings.slowReaders, key: prepared.key)
        let stored =
            isKept && writer != nil
            ? StoredEvent(
                sequence: published.sequence, audience: audience, event: event.event, data: event.data,
                publishedAt: .now, isCompressible: published.frame.isCompressible) : nil
        submit(.event(published), &state, stored: stored, acknowledge: acknowledge)
        return Receipt(id: id?.description, clientCount: state.count(of: audience))
    }

    // MARK: - Sending to one

    /// Sends an event to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    /// - Throws: `EventEncodingError` for what the wire cannot carry, `StoreBacklogError` where too much waits for the store,
    ///   behind which the event would have to stand.
    @discardableResult
    public func send(_ event: ServerSentEvent, to client: EventClient.ID) throws -> Bool {
        let draft = try EventFrame.Draft(event)
        return try update { state throws(StoreBacklogError) in
            guard let member = state.clients[client] else { return false }
            try checkStoreRoom(byteCount: draft.byteCount, &state)
            member.client.window?.spend(draft.byteCount)
            submit(.send(client, draft, shard: member.shard), &state)
            return true
        }
    }

    /// The same, no faster than the client reads, and when a store that has fallen behind has room.
    ///
    /// - Throws: `CancellationError` when the stream has ended.
    func sendWhenWritable(_ event: ServerSentEvent, to client: EventClient) async throws {
        try await whenWritable(client)
        let draft = try EventFrame.Draft(event)
        let demand = PublisherGate.Demand(byteCount: draft.byteCount, topic: nil, isStored: writer != nil)
        if demand.isStored { try await enter(demand) }
        update { state in
            if demand.isStored { state.gate.giveBack(demand) }
            guard let shard = state.clients[client.id]?.shard else { return }
            client.window?.spend(draft.byteCount)
            submit(.send(client.id, draft, shard: shard), &state)
        }
        if demand.isStored { letPublishersOn() }
    }

    // MARK: - Closing

    /// Ends a stream behind what was sent to it, at once: for events that wait for the store it comes back.
    ///
    /// - Parameter reconnect: false to have the client stay away: its next connect is answered with 204, which is how an
    ///   `EventSource` learns to give up.
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func closeClient(_ client: EventClient.ID, reconnect: Bool = true) -> Bool {
        update { state in
            guard let shard = state.remove(client)?.shard else { return false }
            distributeWaitingSends(to: [client], &state)
            state.distribute(.close(client, shard: shard, reconnect: reconnect))
            return true
        }
    }

    /// Ends every stream.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func closeAll() -> Int {
        update { state in
            let clients = Set(state.clients.keys)
            state.removeAll()
            distributeWaitingSends(to: clients, &state)
            state.distribute(.closeAll(clients))
            return clients.count
        }
    }

    /// Lets a stream that expires go on.
    ///
    /// - Parameter time: for how long from now.
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func refresh(_ client: EventClient.ID, for time: Duration) -> Bool {
        update { state in
            guard let shard = state.clients[client]?.shard else { return false }
            state.append(.refresh(client, until: now + time), to: shard)
            return true
        }
    }

    // MARK: - For connections

    /// What compresses frames for the streams of a loop.
    package func deflater(for eventLoop: any EventLoop) -> FrameDeflater {
        deflaters[shardOfLoop[ObjectIdentifier(eventLoop)] ?? 0]
    }

    /// Registers a stream whose head has been written. Call it on the sink's event loop.
    ///
    /// - Returns: what the sink tells when its peer is gone or reads again.
    package func join(
        _ stream: EventStream, sink: any EventSink, connection: ClientInfo, eventLoop: any EventLoop
    ) -> Subscriber {
        let id = EventClient.ID(rawValue: nextID.add(1, ordering: .relaxed).oldValue)
        // A body runs beside the loop, and asks the window whether it may go on; nothing else does.
        let window = stream.body != nil ? SendWindow(limits) : nil
        let client = EventClient(id: id, user: stream.user, connection: connection, hub: self, window: window)
        let index = shardOfLoop[ObjectIdentifier(eventLoop)] ?? 0
        let subscriber = Subscriber(client, stream, sink: sink, shard: shards[index])
        update { state in
            subscriber.joined(at: state.distributedSequence, in: &state)
            state.append(.join(subscriber), to: index)
            // A request that was under way when the shutdown began gets its answer, be it a stream.
            if state.isClosing, stream.body == nil || stream.isEndless {
                state.append(.turnAway(id), to: index)
            } else if let proof = stream.admission?.proof, state.proofs.isOver(proof) {
                // Signed out while the request was under way.
                state.append(.close(id, reconnect: true), to: index)
            } else {
                state.add(
                    HubState.Member(
                        client: client, shard: index, subscription: subscriber.subscription,
                        proof: stream.admission?.proof))
            }
        }
        if let body = stream.body { subscriber.run(body, endsStream: stream.endsWithBody, stream.farewell) }
        return subscriber
    }

    /// Forgets a stream that has ended.
    func left(_ client: EventClient.ID) { state.withLock { _ = $0.remove(client) } }

    func whenWritable(_ client: EventClient) async throws {
        if writer == nil, let window = client.window, window.isOpen() {
            return try Task.checkCancellation()
        }
        if writer != nil {
            // What is sent stands behind what the store has yet to take.
            let demand = PublisherGate.Demand(byteCount: 0, topic: nil, isStored: true)
            try await enter(demand)
            regulate { $0.giveBack(demand) }
        }
        let id = client.id
        guard let index = state.withLock({ $0.clients[id]?.shard }) else { throw CancellationError() }
        let shard = shards[index]
        let request = CurrentRequest.observed
        request?.begin(.waiting)
        defer { request?.end(.waiting) }
        let waiter = Waiter<Void>()
        shard.executor.eventLoop.execute { shard.resume(waiter, whenWritable: id) }
        try await waiter.wait()
    }

    // MARK: - The order

    /// True while something waits for the store.
    package var isStoring: Bool { writer?.isWriting ?? false }

    /// Puts something behind all that was submitted before: through the store where there is one.
    private func submit(
        _ submission: Submission, _ state: inout HubState, stored: StoredEvent? = nil,
        acknowledge: (@Sendable ((any Error)?) -> Void)? = nil
    ) {
        let demand = submission.demand(isStored: writer != nil)
        if let demand { state.gate.take(demand) }
        guard let writer else {
            state.distribute(submission)
            acknowledge?(nil)
            return
        }
        let entry = HistoryWriter.Entry(
            submission: submission, demand: demand, stored: stored, acknowledge: acknowledge)
        writer.store(entry) { [self] entries, failure in
            update { state in
                writer.forgetBatch()
                for entry in entries {
                    if failure != nil, entry.stored != nil {
                        if let demand = entry.demand { state.gate.giveBack(demand) }
                    } else {
                        if let demand = entry.demand { state.gate.wasWritten(demand) }
                        state.distribute(entry.submission)
                    }
                }
            }
            letPublishersOn()
        }
    }

    /// Does not have the store, which may hang, hold up what was sent to single clients that are closed.
    private func distributeWaitingSends(to clients: Set<EventClient.ID>, _ state: inout HubState) {
        for submission in writer?.waitingSubmissions ?? [] {
            if case .send(let client, _, _) = submission, clients.contains(client) { state.distribute(submission) }
        }
    }

    /// Changes the state, then wakes the loops that have something new to deliver: each at most once until it has woken.
    func update<Result, Failure: Error>(
        _ change: (inout HubState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (result, woken) = try state.withLock { state throws(Failure) in
            let result = try change(&state)
            return (result, state.takeFilled())
        }
        for index in woken { shards[index].executor.eventLoop.execute { [self] in deliverMailbox(index) } }
        return result
    }

    /// Delivers what waits for a loop. Call it there.
    func deliverMailbox(_ index: Int) {
        let (deliveries, suspendableBytes) = state.withLock { $0.emptyMailbox(index) }
        shards[index].deliver(deliveries)
        // By now those who are too slow for them hold the next ones up.
        if suspendableBytes > 0 { regulate { $0.wereDelivered(suspendableBytes, shard: index) } }
    }
}
