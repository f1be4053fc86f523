/// Values by key, in the order in which they give way: first those that were never used since they were added, the oldest
/// before the others, then the used ones, whose last use is longest ago first. Each call costs the same, however many there
/// are.
///
/// So a flood of keys that nobody comes back with pushes out its own.
struct RecencyTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node {
        let key: Key
        /// nil in a place that is free.
        var value: Value?
        var isUsed = false
        var previous = none
        /// In a place that is free, the next free one.
        var next = none
    }
    private struct Ends {
        var first = none
        var last = none
    }
    private static var none: Int { -1 }
    private var nodes: [Node] = []
    private var places: [Key: Int] = [:]
    private var unused = Ends()
    private var used = Ends()
    private var firstFree = Self.none
    /// Where `nextPart` goes on.
    private var cursor = 0

    var count: Int { places.count }

    /// The value, without noting a use.
    subscript(key: Key) -> Value? { places[key].flatMap { nodes[$0].value } }

    /// Adds a key that has not been used. One that is there gets the value, and keeps its turn.
    mutating func add(_ key: Key, _ value: Value) {
        if let place = places[key] {
            nodes[place].value = value
            return
        }
        let node = Node(key: key, value: value)
        var place = firstFree
        if place == Self.none {
            place = nodes.count
            nodes.append(node)
        } else {
            firstFree = nodes[place].next
            nodes[place] = node
        }
        places[key] = place
        append(place)
    }

    /// The value, which now gives way last; nil where there is none.
    @discardableResult
    mutating func use(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        if used.last != place {
            unlink(place)
            nodes[place].isUsed = true
            append(place)
        }
        return nodes[place].value
    }

    /// Changes a value in its place, without noting a use; nil where there is none.
    mutating func change<Result>(_ key: Key, _ change: (inout Value) -> Result) -> Result? {
        guard let place = places[key], var value = nodes[place].value else { return nil }
        // Held once, so that changing it copies nothing.
        nodes[place].value = nil
        defer { nodes[place].value = value }
        return change(&value)
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        unlink(place)
        let value = nodes[place].value
        nodes[place].value = nil
        nodes[place].next = firstFree
        firstFree = place
        return value
    }

    /// Whose turn it is to give way; nil where there is none.
    var first: Key? {
        let place = unused.first == Self.none ? used.first : unused.first
        return place == Self.none ? nil : nodes[place].key
    }

    /// Some of the keys, others with each call, until all have had their turn. Of those that are added meanwhile, some may have
    /// to wait for the next round.
    mutating func nextPart(upTo count: Int) -> (keys: [Key], isLast: Bool) {
        let end = min(cursor + count, nodes.count)
        let keys = nodes[min(cursor, end)..<end].compactMap { $0.value == nil ? nil : $0.key }
        let isLast = end == nodes.count
        cursor = isLast ? 0 : end
        return (keys, isLast)
    }

    private subscript(used isUsed: Bool) -> Ends {
        get { isUsed ? used : unused }
        set { if isUsed { used = newValue } else { unused = newValue } }
    }

    private mutating func append(_ place: Int) {
        let isUsed = nodes[place].isUsed
        let last = self[used: isUsed].last
        nodes[place].previous = last
        nodes[place].next = Self.none
        if last == Self.none { self[used: isUsed].first = place } else { nodes[last].next = place }
        self[used: isUsed].last = place
    }

    private mutating func unlink(_ place: Int) {
        let (isUsed, previous, next) = (nodes[place].isUsed, nodes[place].previous, nodes[place].next)
        if previous == Self.none { self[used: isUsed].first = next } else { nodes[previous].next = next }
        if next == Self.none { self[used: isUsed].last = previous } else { nodes[next].previous = previous }
    }
}
