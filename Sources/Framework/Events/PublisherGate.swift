/// Has publishers wait: for slow readers of a topic whose policy is `suspendPublisher`, and for a store
/// that has fallen behind.
///
/// They are let on in the order they came, and only as many as there is room for: each has its room from the
/// moment that it is let on.
struct PublisherGate {
    /// What an event takes of the room.
    struct Demand: Sendable {
        var byteCount: Int
        /// The topic of an event that slow readers may hold up.
        var topic: String?
        /// False for what goes past the store.
        var isStored: Bool

        /// False for an event that never waits.
        var takesRoom: Bool { isStored || topic != nil }
    }

    typealias Continuation = CheckedContinuation<Void, any Error>

    /// What waits for the store, in events and bytes, and is being written.
    private(set) var backlog = (events: 0, bytes: 0)
    private let maximumBacklog: (events: Int, bytes: Int)
    /// For each loop, the bytes of events that may be held up and that its clients have not been given yet.
    private var underway: [Int]
    private let maximumUnderway: Int
    /// The clients for whom enough waits already, by what they subscribed to.
    private var slowReaders = TopicIndex<EventClient.ID>()
    private var waiting: [(id: Int, demand: Demand, continuation: Continuation)] = []
    private var isClosing = false

    init(shards: Int, limits: Limits) {
        maximumBacklog = (limits.maxStoreBacklogEvents, limits.maxStoreBacklogBytes)
        underway = Array(repeating: 0, count: shards)
        // A client holds publishers up when half of its budget waits: the other half is for what is underway then.
        maximumUnderway = limits.maxStreamBacklogBytes / 2
    }

    // MARK: - Room

    var waitingCount: Int { waiting.count }

    func isHeld(_ topic: String) -> Bool { slowReaders.reaches(topic) }

    /// An event larger than all the room has it alone.
    func hasStoreRoom(for demand: Demand) -> Bool {
        guard demand.isStored, backlog.events > 0 else { return true }
        return backlog.events < maximumBacklog.events && backlog.bytes + demand.byteCount <= maximumBacklog.bytes
    }

    /// True where an event that cannot wait is turned away: there is no room, or others wait for it already. Whoever needs
    /// much of it would else wait for as long as others take little. Those that wait for readers have no claim to the store.
    func mustYield(_ demand: Demand) -> Bool {
        !hasStoreRoom(for: demand) || waiting.contains { !isHeld($0.demand) && !hasStoreRoom(for: $0.demand) }
    }

    private func hasReaderRoom(for demand: Demand) -> Bool {
        guard demand.topic != nil, !isClosing else { return true }
        return underway.allSatisfy { $0 == 0 || $0 + demand.byteCount <= maximumUnderway }
    }

    private func hasRoom(for demand: Demand) -> Bool { hasStoreRoom(for: demand) && hasReaderRoom(for: demand) }

    private func isHeld(_ demand: Demand) -> Bool {
        guard let topic = demand.topic, !isClosing else { return false }
        return isHeld(topic)
    }

    mutating func take(_ demand: Demand) {
        if demand.isStored {
            backlog.events += 1
            backlog.bytes += demand.byteCount
        }
        guard demand.topic != nil else { return }
        for shard in underway.indices { underway[shard] += demand.byteCount }
    }

    /// The event was not published after all.
    mutating func giveBack(_ demand: Demand) {
        if demand.isStored { wasWritten(demand) }
        guard demand.topic != nil else { return }
        for shard in underway.indices { underway[shard] -= demand.byteCount }
    }

    /// The store has it, or has refused it.
    mutating func wasWritten(_ demand: Demand) {
        backlog.events -= 1
        backlog.bytes -= demand.byteCount
    }

    /// The clients of a loop were given so many bytes of events that may be held up.
    mutating func wereDelivered(_ bytes: Int, shard: Int) { underway[shard] -= bytes }

    /// Holds up the publishers to anything that a client subscribed to: whatever it is, it would wait for the same client.
    mutating func hold(_ topics: [TopicPattern], for client: EventClient.ID) {
        for topic in topics { slowReaders.insert(client, client, on: topic) }
    }

    mutating func release(_ topics: [TopicPattern], for client: EventClient.ID) {
        for topic in topics { slowReaders.remove(client, from: topic) }
    }

    // MARK: - Waiting

    /// Takes the room where there is some and nobody waits for it.
    mutating func enter(_ demand: Demand) -> Bool {
        // A later publisher does not come first; one that waits for a topic's readers is in the way of that topic alone.
        let isInTurn = waiting.allSatisfy { other in
            isHeld(other.demand) && other.demand.topic != demand.topic
        }
        guard isInTurn, !isHeld(demand), hasRoom(for: demand) else { return false }
        take(demand)
        return true
    }

    mutating func wait(_ id: Int, _ demand: Demand, _ continuation: Continuation) {
        waiting.append((id, demand, continuation))
    }

    mutating func cancel(_ id: Int) -> Continuation? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).continuation }
    }

    /// Takes out the publishers that may go on now.
    mutating func letOn() -> [Continuation] {
        guard let next = waiting.first(where: { !isHeld($0.demand) })?.demand, hasRoom(for: next) else { return [] }
        var admitted: [Continuation] = []
        var isFull = false
        let all = waiting
        waiting = []
        for waiter in all {
            if !isFull, !isHeld(waiter.demand) {
                if hasRoom(for: waiter.demand) {
                    take(waiter.demand)
                    admitted.append(waiter.continuation)
                    continue
                }
                // No publisher overtakes one that waits for room.
                isFull = true
            }
            waiting.append(waiter)
        }
        return admitted
    }

    /// From now on no reader holds anyone up: the streams are about to end.
    ///
    /// - Returns: those that waited for readers; the store goes on.
    mutating func close() -> [Continuation] {
        isClosing = true
        let dismissed = waiting.filter { $0.demand.topic != nil }.map(\.continuation)
        waiting.removeAll { $0.demand.topic != nil }
        return dismissed
    }
}

/// The store has fallen so far behind that no more may wait for it (`limits.maxStoreBacklogEvents`,
/// `limits.maxStoreBacklogBytes`): the event was not taken, and nobody gets it.
public struct StoreBacklogError: Error, Sendable, CustomStringConvertible {
    /// How many events wait for the store.
    public let waitingEvents: Int
    /// How many bytes these have, as the limit counts them.
    public let waitingBytes: Int
    /// The figures in a sentence.
    public var description: String {
        "The store of events is too slow: \(waitingEvents) events with \(waitingBytes) bytes wait for it."
    }
}
