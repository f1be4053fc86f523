// The streams and users that are there.

extension EventHub {
    /// Whether the stream is open; a peer that is gone without a word counts until that is noticed.
    public func isConnected(_ client: EventClient.ID) -> Bool { state.withLock { $0.clients[client] != nil } }

    /// Whether at least one stream is open that was opened for the user.
    public func isConnected(user: String) -> Bool { state.withLock { $0.users[user] != nil } }

    /// The open stream of that id.
    public func client(_ id: EventClient.ID) -> EventClient? { state.withLock { $0.clients[id]?.client } }

    /// How many streams are open.
    public var clientCount: Int { state.withLock { $0.clients.count } }

    /// The open streams, the oldest first.
    public var clients: [EventClient] { Self.inOrder(state.withLock { $0.clients }.values.map(\.client)) }

    /// The open streams that get what is published to a topic, the oldest first.
    public func clients(on topic: Topic) -> [EventClient] {
        let groups = state.withLock { $0.topics.groups(on: topic.description) }
        var clients = groups.first ?? [:]
        for group in groups.dropFirst() { clients.merge(group) { first, _ in first } }
        return Self.inOrder(Array(clients.values))
    }

    /// The open streams of a user, the oldest first.
    public func clients(of user: String) -> [EventClient] {
        Self.inOrder(state.withLock { state in (state.users[user] ?? []).compactMap { state.clients[$0]?.client } })
    }

    /// The users on a topic: each once, in order.
    public func users(on topic: Topic) -> [String] { Set(clients(on: topic).compactMap(\.user)).sorted() }

    /// The users with an open stream: each once, in order.
    public var users: [String] { state.withLock { $0.users }.keys.sorted() }

    private static func inOrder(_ clients: [EventClient]) -> [EventClient] {
        clients.sorted { $0.id.rawValue < $1.id.rawValue }
    }
}
