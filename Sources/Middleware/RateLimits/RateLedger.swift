import Synchronization

/// What all that are counted have used, in bounded memory.
///
/// A key has one place of eight in its set, which its hash decides. Where all eight are taken by such that still count,
/// the one goes that has used least. So a flood of names pushes out those of the flood: to have a usage forgotten that has
/// used up its hundred requests, somebody has to use up as many under eight names that fall into its set, and nobody knows
/// which these are; under all names, that is more requests than it wins. And whoever is forgotten has only won.
final class RateLedger: Sendable {
    private struct Slot {
        /// 0 where nobody is.
        var name: UInt64 = 0
        var usage = Usage()
    }
    private struct Shard {
        var slots: [Slot]
        var sets: Int { slots.count / RateLedger.ways }
    }
    // A class of its own: an array does not hold what cannot be copied.
    private final class LockedShard: Sendable {
        let shard = Mutex(Shard(slots: Array(repeating: Slot(), count: RateLedger.ways)))
    }

    private static let ways = 8
    private static let shardCount = 16
    private let shards = (0..<shardCount).map { _ in LockedShard() }
    private let quota: Quota
    /// The most sets in one shard, a power of two.
    private let maximumSets: Int
    private let seed = UInt64.random(in: .min ... .max)

    /// - Parameter capacity: how many accounts there may be; the next power of two counts.
    init(_ quota: Quota, capacity: Int) {
        self.quota = quota
        let wanted = max(1, min(capacity, 1 << 26) / (Self.shardCount * Self.ways))
        var sets = 1
        while sets < wanted { sets *= 2 }
        maximumSets = sets
    }

    /// Counts a request under a name.
    ///
    /// - Parameter now: nanoseconds since some beginning, which never go back by much.
    func take(_ key: some Hashable, at now: Int64) -> Verdict {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(key)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        let name = hash == 0 ? 1 : hash
        return shards[Int(truncatingIfNeeded: name % UInt64(Self.shardCount))].shard.withLock { shard in
            quota.take(&shard.slots[place(of: name, in: &shard, now)].usage, at: now)
        }
    }

    /// How many accounts there are, with those that count for nothing any more.
    var count: Int { shards.reduce(0) { $0 + $1.shard.withLock { $0.slots.count { $0.name != 0 } } } }

    /// How many there is room for by now.
    var room: Int { shards.reduce(0) { $0 + $1.shard.withLock { $0.slots.count } } }

    private func place(of name: UInt64, in shard: inout Shard, _ now: Int64) -> Int {
        while true {
            let start = Self.start(of: name, shard.sets)
            let places = start..<(start + Self.ways)
            if let place = places.first(where: { shard.slots[$0].name == name }) { return place }
            if let free = places.first(where: { isFree(shard.slots[$0], now) }) {
                shard.slots[free] = Slot(name: name)
                return free
            }
            if shard.sets < maximumSets {
                grow(&shard, now)
                continue
            }
            let least = places.min { one, other in
                quota.debt(of: shard.slots[one].usage, at: now) < quota.debt(of: shard.slots[other].usage, at: now)
            }
            let taken = least ?? start
            shard.slots[taken] = Slot(name: name)
            return taken
        }
    }

    private func isFree(_ slot: Slot, _ now: Int64) -> Bool {
        slot.name == 0 || quota.debt(of: slot.usage, at: now) <= 0
    }

    /// Twice the sets: each gives those of its accounts that count to two of the new ones, which have room for all.
    private func grow(_ shard: inout Shard, _ now: Int64) {
        let sets = shard.sets * 2
        var slots = Array(repeating: Slot(), count: sets * Self.ways)
        for slot in shard.slots where !isFree(slot, now) {
            let start = Self.start(of: slot.name, sets)
            if let free = slots[start..<(start + Self.ways)].firstIndex(where: { $0.name == 0 }) { slots[free] = slot }
        }
        shard.slots = slots
    }

    private static func start(of name: UInt64, _ sets: Int) -> Int {
        Int(truncatingIfNeeded: name / UInt64(shardCount) % UInt64(sets)) * ways
    }
}
