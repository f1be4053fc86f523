import Logging
import MartletEventStream
import NIOCore
import Synchronization

/// The live streams of an application: opens them, sends to one, to a user's or to all, counts and closes them.
///
/// In an action it is `ctx.sse`; elsewhere take it as a service of this type. Every call may come from any thread and
/// none of them waits. What one caller sends, each client gets in the order it was sent.
public final class EventHub: Sendable {
    /// Hands what was published to the shard of each event loop. Its lock is the one order of all events.
    fileprivate struct State {
        var clients: [EventClient.ID: (client: EventClient, shard: Int)] = [:]
        var users: [String: Set<EventClient.ID>] = [:]
        var mailboxes: [[HubShard.Delivery]]
        var isClosing = false
    }
    private let state: Mutex<State>
    private let shards: [HubShard]
    private let shardOfLoop: [ObjectIdentifier: Int]
    private let nextID = Atomic<UInt64>(1)
    let logger: Logger

    init(executors: [LoopExecutor], clock: any Clock<Duration>, limits: Limits, logger: Logger) {
        state = Mutex(State(mailboxes: executors.map { _ in [] }))
        shards = executors.map { HubShard($0, clock: clock, limits: limits) }
        shardOfLoop = Dictionary(
            executors.enumerated().map { (ObjectIdentifier($1.eventLoop), $0) }, uniquingKeysWith: { first, _ in first }
        )
        self.logger = logger
    }

    // MARK: - Opening

    /// A stream that stays open, for what is sent to it, until either side closes it.
    ///
    /// - Parameters:
    ///   - user: whose it is, for `send(toUser:)`.
    ///   - onOpen: runs once the stream is open; it may send, and may take its time. Cancelled when the stream ends; an
    ///     error ends the stream.
    ///   - onClose: runs exactly once, however the stream ended.
    public func open(
        user: String? = nil, onOpen: (@Sendable (EventClient) async throws -> Void)? = nil,
        onClose: (@Sendable (EventClient) -> Void)? = nil
    ) -> EventStream {
        EventStream(user: user, endsWithBody: false, body: onOpen, onClose: onClose)
    }

    /// A stream that ends when its body has returned; the body is cancelled when the stream ends before.
    public func stream(
        user: String? = nil, _ body: @escaping @Sendable (EventClient) async throws -> Void,
        onClose: (@Sendable (EventClient) -> Void)? = nil
    ) -> EventStream {
        EventStream(user: user, endsWithBody: true, body: body, onClose: onClose)
    }

    // MARK: - Sending

    /// Sends a text to every client.
    ///
    /// - Returns: how many streams were open.
    /// - Throws: `EventEncodingError` for a line end in the type or the id.
    @discardableResult
    public func broadcast(event: String? = nil, data: String, id: String? = nil) throws -> Int {
        try broadcast(ServerSentEvent(event: event, data: data, id: id))
    }

    /// Sends a value as JSON to every client.
    @discardableResult
    public func broadcast(event: String? = nil, data: some Encodable, id: String? = nil) throws -> Int {
        try broadcast(event: event, data: JSON.text(of: data), id: id)
    }

    @discardableResult
    public func broadcast(_ event: ServerSentEvent) throws -> Int {
        let frame = try EventFrame(event)
        return post { state in
            for shard in state.mailboxes.indices { state.mailboxes[shard].append(.all(frame)) }
            return state.clients.count
        }
    }

    /// Sends a text to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(to client: EventClient.ID, event: String? = nil, data: String, id: String? = nil) throws -> Bool {
        try send(to: client, ServerSentEvent(event: event, data: data, id: id))
    }

    /// Sends a value as JSON to one client.
    @discardableResult
    public func send(
        to client: EventClient.ID, event: String? = nil, data: some Encodable, id: String? = nil
    ) throws -> Bool { try send(to: client, event: event, data: JSON.text(of: data), id: id) }

    @discardableResult
    public func send(to client: EventClient.ID, _ event: ServerSentEvent) throws -> Bool {
        let frame = try EventFrame(event)
        return post { state in
            guard let shard = state.clients[client]?.shard else { return false }
            state.mailboxes[shard].append(.one(client, frame))
            return true
        }
    }

    /// Sends a text to every stream of a user: all of the user's tabs.
    ///
    /// - Returns: how many streams that is; 0 when the user is not there.
    @discardableResult
    public func send(toUser user: String, event: String? = nil, data: String, id: String? = nil) throws -> Int {
        let frame = try EventFrame(ServerSentEvent(event: event, data: data, id: id))
        return post { state in
            guard let clients = state.users[user] else { return 0 }
            for client in clients {
                if let shard = state.clients[client]?.shard { state.mailboxes[shard].append(.one(client, frame)) }
            }
            return clients.count
        }
    }

    /// Sends a value as JSON to every stream of a user.
    @discardableResult
    public func send(toUser user: String, event: String? = nil, data: some Encodable, id: String? = nil) throws -> Int {
        try send(toUser: user, event: event, data: JSON.text(of: data), id: id)
    }

    // MARK: - Who is there

    public func isConnected(_ client: EventClient.ID) -> Bool { state.withLock { $0.clients[client] != nil } }

    public func isConnected(user: String) -> Bool { state.withLock { $0.users[user] != nil } }

    /// How many streams are open.
    public var clientCount: Int { state.withLock { $0.clients.count } }

    /// The open streams, the oldest first.
    public var clients: [EventClient] {
        state.withLock { $0.clients.values.map(\.client) }.sorted { $0.id.rawValue < $1.id.rawValue }
    }

    // MARK: - Closing

    /// Ends a stream behind what was sent to it.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func closeClient(_ client: EventClient.ID) -> Bool {
        post { state in
            guard let shard = state.remove(client) else { return false }
            state.mailboxes[shard].append(.close(client))
            return true
        }
    }

    /// Ends every stream.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func closeAll() -> Int {
        post { state in
            let count = state.clients.count
            state.clients = [:]
            state.users = [:]
            for shard in state.mailboxes.indices { state.mailboxes[shard].append(.closeAll) }
            return count
        }
    }

    // MARK: - For connections

    /// Registers a stream whose head has been written. Call it on the sink's event loop.
    ///
    /// - Returns: what the sink tells when its peer is gone or reads again.
    package func join(
        _ stream: EventStream, sink: any EventSink, connection: ClientInfo, eventLoop: any EventLoop
    ) -> Subscriber {
        let id = EventClient.ID(rawValue: nextID.add(1, ordering: .relaxed).oldValue)
        let client = EventClient(id: id, user: stream.user, connection: connection, hub: self)
        let index = shardOfLoop[ObjectIdentifier(eventLoop)] ?? 0
        let shard = shards[index]
        let subscriber = Subscriber(client, sink: sink, shard: shard, onClose: stream.onClose)
        post { state in
            state.mailboxes[index].append(.join(subscriber))
            if state.isClosing {
                state.mailboxes[index].append(.close(id))
            } else {
                state.clients[id] = (client, index)
                if let user = stream.user { state.users[user, default: []].insert(id) }
            }
        }
        if let body = stream.body { subscriber.run(body, endsStream: stream.endsWithBody, on: shard.executor) }
        return subscriber
    }

    /// Forgets a stream that has ended.
    func left(_ client: EventClient.ID) { state.withLock { _ = $0.remove(client) } }

    func whenWritable(_ client: EventClient.ID) async throws {
        guard let index = state.withLock({ $0.clients[client]?.shard }) else { throw CancellationError() }
        let shard = shards[index]
        try await withCheckedThrowingContinuation { continuation in
            shard.executor.eventLoop.execute { shard.resume(continuation, whenWritable: client) }
        }
    }

    // MARK: - Start and end

    /// Starts the heartbeats: one task a loop, none a client.
    package func start() { for shard in shards { shard.startHeartbeat() } }

    /// Says farewell: tells each client when to come back, ends its stream, and takes no new ones.
    ///
    /// - Parameter retry: after how long to reconnect.
    package func shutDown(retry: Duration) {
        for shard in shards { shard.stopHeartbeat() }
        let farewell = try? EventFrame(ServerSentEvent(retry: retry))
        post { state in
            state.isClosing = true
            state.clients = [:]
            state.users = [:]
            for shard in state.mailboxes.indices {
                if let farewell { state.mailboxes[shard].append(.all(farewell)) }
                state.mailboxes[shard].append(.closeAll)
            }
        }
    }

    /// Changes the state, then wakes the loops that have something new to deliver: each at most once until it has woken.
    private func post<Result>(_ change: (inout State) -> Result) -> Result {
        let (result, woken) = state.withLock { state in
            let idle = state.mailboxes.indices.filter { state.mailboxes[$0].isEmpty }
            let result = change(&state)
            return (result, idle.filter { !state.mailboxes[$0].isEmpty })
        }
        for index in woken {
            shards[index].executor.eventLoop.execute { [self] in
                let deliveries = state.withLock { state in
                    var taken: [HubShard.Delivery] = []
                    swap(&taken, &state.mailboxes[index])
                    return taken
                }
                shards[index].deliver(deliveries)
            }
        }
        return result
    }
}

extension EventHub.State {
    /// - Returns: the shard that had the client.
    fileprivate mutating func remove(_ client: EventClient.ID) -> Int? {
        guard let (removed, shard) = clients.removeValue(forKey: client) else { return nil }
        if let user = removed.user {
            users[user]?.remove(client)
            if users[user]?.isEmpty == true { users[user] = nil }
        }
        return shard
    }
}
