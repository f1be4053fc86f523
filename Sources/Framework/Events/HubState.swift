import Synchronization

/// What the hub knows, under its lock: who is there, what was published, and what each event loop has yet to deliver.
package struct HubState {
    struct Member: Sendable {
        let client: EventClient
        let shard: Int
        let subscription: Subscription
    }

    var clients: [EventClient.ID: Member] = [:]
    private(set) var users: [String: Set<EventClient.ID>] = [:]
    private(set) var topics = TopicIndex<EventClient>()
    var history: EventHistory
    /// The last number that was given to an event.
    package var lastSequence: UInt64
    /// The last number that was delivered: behind the other while the store is writing.
    package private(set) var deliveredSequence: UInt64
    var mailboxes: [[HubShard.Delivery]]
    var isClosing = false
    /// For each mailbox, the bytes in it of events that slow readers may hold up.
    var suspendableBytes: [Int]
    var gate: PublisherGate
    var published = 0

    init(shards: Int, history: EventHistory, lastSequence: UInt64, gate: PublisherGate) {
        self.history = history
        self.lastSequence = lastSequence
        self.gate = gate
        suspendableBytes = Array(repeating: 0, count: shards)
        deliveredSequence = lastSequence
        mailboxes = Array(repeating: [], count: shards)
    }

    // MARK: - Who is there

    mutating func add(_ member: Member) {
        clients[member.client.id] = member
        if let user = member.subscription.user { users[user, default: []].insert(member.client.id) }
        for topic in member.subscription.topics { topics.insert(member.client, member.client.id, on: topic) }
    }

    @discardableResult
    mutating func remove(_ id: EventClient.ID) -> Member? {
        guard let member = clients.removeValue(forKey: id) else { return nil }
        if let user = member.subscription.user {
            users[user]?.remove(id)
            if users[user]?.isEmpty == true { users[user] = nil }
        }
        for topic in member.subscription.topics { topics.remove(id, from: topic) }
        return member
    }

    mutating func removeAll() {
        clients = [:]
        users = [:]
        topics = TopicIndex()
    }

    func count(of audience: EventAudience) -> Int {
        switch audience {
        case .everyone: clients.count
        case .user(let user): users[user]?.count ?? 0
        case .topic(let topic): topics.count(on: topic)
        }
    }

    // MARK: - Delivery

    mutating func deliver(_ post: HubPost) {
        switch post {
        case .event(let event):
            deliveredSequence = event.sequence
            switch event.keeping {
            case .kept: history.append(event)
            case .forgotten: history.skip(event)
            case .foreign: break
            }
            for shard in mailboxes.indices { mailboxes[shard].append(.event(event)) }
            if event.suspendingTopic != nil {
                for shard in mailboxes.indices { suspendableBytes[shard] += event.frame.byteCount }
            }
        case .send(let id, let draft, let shard):
            mailboxes[shard].append(.send(id, draft, after: deliveredSequence))
        case .close(let id, let shard, let reconnect):
            mailboxes[shard].append(.close(id, reconnect: reconnect))
        case .closeAll(let clients):
            for shard in mailboxes.indices { mailboxes[shard].append(.closeAll(clients)) }
        }
    }
}

/// Something for the event loops, put in order by the hub.
enum HubPost: Sendable {
    case event(PublishedEvent)
    case send(EventClient.ID, EventFrame.Draft, shard: Int)
    case close(EventClient.ID, shard: Int, reconnect: Bool)
    /// Those that there were: what comes later stays.
    case closeAll(Set<EventClient.ID>)
}
