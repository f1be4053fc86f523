import Synchronization

/// What the hub knows, under its lock: the open streams, the past, and what each event loop has yet to deliver.
package struct HubState {
    struct Member: Sendable {
        let client: EventClient
        let shard: Int
        let subscription: Subscription
        var proof: StreamProof?
    }

    var clients: [EventClient.ID: Member] = [:]
    private(set) var users: [String: Set<EventClient.ID>] = [:]
    private(set) var topics = TopicIndex<EventClient>()
    var proofs = StreamProofs()
    var history: EventHistory
    /// The last number that was given to an event.
    package var lastSequence: UInt64
    /// The last number that was distributed: behind the other while the store is writing.
    package private(set) var distributedSequence: UInt64
    private(set) var mailboxes: [[HubShard.Delivery]]
    /// The mailboxes that something has come into since they were empty, and whose loops are not woken yet.
    private var filled: [Int] = []
    /// How many of the streams take no broadcasts.
    private var secludedCount = 0
    /// How many streams each loop has.
    private var streamCounts: [Int]
    /// The loops that have a stream for the event that is being distributed.
    private var isReached: [Bool]
    var isClosing = false
    /// For each mailbox, the bytes in it of events that slow readers may hold up.
    private var suspendableBytes: [Int]
    var gate: PublisherGate
    var published = 0

    init(shards: Int, history: EventHistory, lastSequence: UInt64, gate: PublisherGate) {
        self.history = history
        self.lastSequence = lastSequence
        self.gate = gate
        suspendableBytes = Array(repeating: 0, count: shards)
        distributedSequence = lastSequence
        mailboxes = Array(repeating: [], count: shards)
        streamCounts = Array(repeating: 0, count: shards)
        isReached = Array(repeating: false, count: shards)
    }

    // MARK: - Streams

    mutating func add(_ member: Member) {
        clients[member.client.id] = member
        streamCounts[member.shard] += 1
        if !member.subscription.takesBroadcasts { secludedCount += 1 }
        if let user = member.subscription.user { users[user, default: []].insert(member.client.id) }
        if let proof = member.proof { proofs.add(proof, member.client.id) }
        for topic in member.subscription.topics { topics.insert(member.client, member.client.id, on: topic) }
    }

    @discardableResult
    mutating func remove(_ id: EventClient.ID) -> Member? {
        guard let member = clients.removeValue(forKey: id) else { return nil }
        streamCounts[member.shard] -= 1
        if !member.subscription.takesBroadcasts { secludedCount -= 1 }
        if let user = member.subscription.user {
            users[user]?.remove(id)
            if users[user]?.isEmpty == true { users[user] = nil }
        }
        if let proof = member.proof { proofs.remove(proof, id) }
        for topic in member.subscription.topics { topics.remove(id, from: topic) }
        return member
    }

    mutating func removeAll() {
        clients = [:]
        users = [:]
        topics = TopicIndex()
        proofs.removeAll()
        secludedCount = 0
        for shard in streamCounts.indices { streamCounts[shard] = 0 }
    }

    func count(of audience: EventAudience.Recipients) -> Int {
        switch audience {
        case .everyone: clients.count - secludedCount
        case .user(let user): users[user]?.count ?? 0
        case .topic(let topic): topics.count(on: topic)
        }
    }

    // MARK: - Distribution

    /// Puts something into the mailboxes of the loops that it is for, and an event into the history.
    mutating func distribute(_ submission: Submission) {
        switch submission {
        case .event(let event):
            distributedSequence = event.sequence
            switch event.keeping {
            case .kept: history.append(event)
            case .forgotten: history.skip(event)
            case .foreign: break
            }
            markReached(by: event.audience)
            for shard in mailboxes.indices { distribute(event, to: shard) }
        case .send(let id, let draft, let shard):
            append(.send(id, draft, after: distributedSequence), to: shard)
        case .close(let id, let shard, let reconnect):
            append(.close(id, reconnect: reconnect), to: shard)
        case .closeAll(let clients):
            for shard in mailboxes.indices { append(.closeAll(clients), to: shard) }
        }
    }

    /// A loop that has no stream for an event hears nothing of it.
    private mutating func distribute(_ event: PublishedEvent, to shard: Int) {
        let isReached = isReached[shard]
        if isReached { append(.event(event), to: shard) }
        guard event.suspendingTopic != nil else { return }
        if isReached {
            suspendableBytes[shard] += event.frame.byteCount
        } else {
            gate.wereDelivered(event.frame.byteCount, shard: shard)
        }
    }

    /// Finds the loops that have a stream for an event; where that would take long, all that have streams.
    private mutating func markReached(by audience: EventAudience.Recipients) {
        var marks: [Bool] = []
        // Its memory is used again and again.
        swap(&marks, &isReached)
        defer { swap(&marks, &isReached) }
        func markAll() { for shard in marks.indices { marks[shard] = streamCounts[shard] > 0 } }
        func mark(_ ids: some Collection<EventClient.ID>) {
            guard ids.count <= Self.maximumLooks else { return markAll() }
            for id in ids { if let shard = clients[id]?.shard { marks[shard] = true } }
        }
        for shard in marks.indices { marks[shard] = false }
        switch audience {
        case .everyone: markAll()
        case .user(let user): if let ids = users[user] { mark(ids) }
        case .topic(let topic): topics.forEachGroup(on: topic) { mark($0.keys) }
        }
    }

    /// Publishers wait meanwhile: to wake a loop for nothing costs as much as this many looks.
    private static var maximumLooks: Int { 32 }

    mutating func append(_ delivery: HubShard.Delivery, to shard: Int) {
        if mailboxes[shard].isEmpty { filled.append(shard) }
        mailboxes[shard].append(delivery)
    }

    /// The loops to wake: each once until it has emptied its mailbox.
    mutating func takeFilled() -> [Int] {
        guard !filled.isEmpty else { return [] }
        defer { filled = [] }
        return filled
    }

    /// What a loop has to deliver, and the bytes in it of events that slow readers may hold up.
    mutating func emptyMailbox(_ shard: Int) -> (deliveries: [HubShard.Delivery], suspendableBytes: Int) {
        var taken: [HubShard.Delivery] = []
        swap(&taken, &mailboxes[shard])
        defer { suspendableBytes[shard] = 0 }
        return (taken, suspendableBytes[shard])
    }
}

/// Something for the event loops that the hub puts in order.
enum Submission: Sendable {
    case event(PublishedEvent)
    case send(EventClient.ID, EventFrame.Draft, shard: Int)
    case close(EventClient.ID, shard: Int, reconnect: Bool)
    /// Those that there were: what comes later stays.
    case closeAll(Set<EventClient.ID>)
}
