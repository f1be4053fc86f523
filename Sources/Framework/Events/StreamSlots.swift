/// What an event needs of each stream of an event loop, side by side in memory.
///
/// Sending to one client uses the processor's caches up, so every object that must be looked at for the next one is fetched
/// from memory anew. Where nothing waits for a stream, this is all that is looked at.
struct StreamSlots {
    private struct Slot {
        /// The last event that was taken care of.
        var lastSeen: UInt64 = 0
        /// The shard's tick when something was last written.
        var lastTick: Int
        /// Where the kernel takes an event at once; `none` unless the stream is live and nothing waits for it.
        var socket: Int32 = StreamSlots.none
        /// Which burst of this turn is to be sent there.
        var burst: Int32 = StreamSlots.none
        var wasSentTo = false
        var takesBroadcasts: Bool
    }

    private var slots: [Slot] = []
    private var subscribers: [Subscriber?] = []
    private var unused: [Int] = []
    /// The slots that a burst of this turn is to be sent to, some perhaps no longer.
    private var claimed: [Int32] = []

    /// How many streams take no broadcasts.
    private(set) var secludedCount = 0

    private static let none: Int32 = -1

    // MARK: - Streams

    /// How many slots there are, empty ones included.
    var indices: Range<Int> { slots.indices }

    subscript(index: Int) -> Subscriber? { subscribers[index] }

    func takesBroadcasts(_ index: Int) -> Bool { slots[index].takesBroadcasts }

    mutating func insert(_ subscriber: Subscriber, tick: Int) -> Int {
        let takesBroadcasts = subscriber.subscription.takesBroadcasts
        let slot = Slot(lastTick: tick, takesBroadcasts: takesBroadcasts)
        if !takesBroadcasts { secludedCount += 1 }
        guard let index = unused.popLast() else {
            slots.append(slot)
            subscribers.append(subscriber)
            return slots.count - 1
        }
        slots[index] = slot
        subscribers[index] = subscriber
        return index
    }

    mutating func remove(_ index: Int) {
        subscribers[index] = nil
        if !slots[index].takesBroadcasts { secludedCount -= 1 }
        slots[index].takesBroadcasts = true
        slots[index].socket = Self.none
        slots[index].burst = Self.none
        unused.append(index)
    }

    // MARK: - What a stream's subscriber notes

    func lastSeen(_ index: Int) -> UInt64 { slots[index].lastSeen }
    mutating func saw(_ sequence: UInt64, _ index: Int) { slots[index].lastSeen = sequence }

    func lastTick(_ index: Int) -> Int { slots[index].lastTick }
    mutating func wrote(at tick: Int, _ index: Int) { slots[index].lastTick = tick }

    /// Lets events go to the socket from now on, until `withdraw`.
    mutating func open(_ socket: Int32, _ index: Int) { slots[index].socket = socket }

    /// From now on the stream's subscriber writes.
    ///
    /// - Returns: the burst of this turn that it has to write first.
    mutating func withdraw(_ index: Int) -> Int? {
        slots[index].socket = Self.none
        guard slots[index].burst != Self.none else { return nil }
        defer { slots[index].burst = Self.none }
        return Int(slots[index].burst)
    }

    /// True where something was sent since this was last asked.
    mutating func takeWasSentTo(_ index: Int) -> Bool {
        defer { slots[index].wasSentTo = false }
        return slots[index].wasSentTo
    }

    // MARK: - A turn

    /// Notes that a burst goes to the stream's socket.
    ///
    /// - Parameter last: the last event of the burst.
    /// - Returns: false where the subscriber has to take it, which also sees whether it has it already, by another of its
    ///   subscriptions.
    mutating func claim(_ index: Int, for burst: Int, through last: UInt64) -> Bool {
        guard slots[index].socket != Self.none, slots[index].burst == Self.none else { return false }
        slots[index].burst = Int32(truncatingIfNeeded: burst)
        slots[index].lastSeen = last
        claimed.append(Int32(truncatingIfNeeded: index))
        return true
    }

    /// How many claims there are.
    var claimCount: Int { claimed.count }

    /// What is to be sent by a claim, as sent; nil where that was withdrawn.
    mutating func take(claim: Int, tick: Int) -> (index: Int, socket: Int32, burst: Int)? {
        let index = Int(claimed[claim])
        let slot = slots[index]
        guard slot.burst != Self.none else { return nil }
        slots[index].burst = Self.none
        slots[index].lastTick = tick
        slots[index].wasSentTo = true
        return (index, slot.socket, Int(slot.burst))
    }

    mutating func forgetClaims() { claimed.removeAll(keepingCapacity: true) }
}
