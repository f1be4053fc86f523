/// The places of a route table as a tree of segments, numbered from 0 in the order they were made.
///
/// Nodes lie in one array and the literals' bytes in another; the literal children of all nodes share one hash table.
@usableFromInline
struct PlaceTree: Sendable {
    // As small as it can be: a lookup goes from one to the next in memory.
    struct Node {
        let parent: Int32
        /// The segment that leads here from `parent`, as a range of `literals`; for a pattern its texts, empty for a
        /// parameter.
        let literal: Range<Int32>
        /// The first of the children that a segment with a capture leads to, in the order in which they are tried: those by
        /// a pattern, then the one by a parameter.
        var capturingChild = Node.none
        /// The next of them, of the same parent.
        var nextCapturing = Node.none
        /// Of the paths that end here.
        var place = Node.none
        /// Of the paths that go on from here, in whatever way.
        var catchAllPlace = Node.none

        static let none: Int32 = -1

        /// True where a whole segment that is captured leads here.
        var isParameter: Bool { literal.isEmpty }
    }

    /// From a node to a literal child of it.
    struct Edge {
        let hash: UInt32
        /// The root is nobody's child, so 0 marks a free slot.
        let child: Int32

        static let none = Edge(hash: 0, child: 0)
    }

    /// Which segments a place captures, by their number in the path.
    struct Captures {
        struct Segment {
            let index: Int32
            /// The node that a pattern leads to; `Node.none` where the whole segment is captured.
            let pattern: Int32
        }
        var segments: [Segment] = []
        var catchAll: Int?
    }

    private(set) var nodes = [Node(parent: 0, literal: 0..<0)]
    private(set) var literals: [UInt8] = []
    /// Open addressing with linear probing; a power of two, at most half full.
    private(set) var edges = [Edge](repeating: .none, count: 8)
    private var edgeCount = 0
    private(set) var captures: [Captures] = []

    @usableFromInline init() {}

    /// The number of a place, which is made when it is new.
    mutating func insert(_ place: PathPlace) -> Int {
        var node = 0
        var captures = Captures()
        for (index, step) in place.steps.enumerated() {
            switch step {
            case .literal(let text):
                node = literalChild(of: node, text)
            case .pattern(let pattern):
                node = patternChild(of: node, pattern)
                captures.segments.append(Captures.Segment(index: Int32(index), pattern: Int32(node)))
            case .parameter:
                node = parameterChild(of: node)
                captures.segments.append(Captures.Segment(index: Int32(index), pattern: Node.none))
            case .catchAll:
                captures.catchAll = index
            }
        }
        let isCatchAll = captures.catchAll != nil
        let known = isCatchAll ? nodes[node].catchAllPlace : nodes[node].place
        guard known == Node.none else { return Int(known) }
        let number = self.captures.count
        self.captures.append(captures)
        if isCatchAll { nodes[node].catchAllPlace = Int32(number) } else { nodes[node].place = Int32(number) }
        return number
    }

    private mutating func patternChild(of parent: Int, _ pattern: SegmentPattern) -> Int {
        var (before, next) = (Node.none, nodes[parent].capturingChild)
        while next != Node.none, !nodes[Int(next)].isParameter {
            let literal = nodes[Int(next)].literal
            let other = SegmentPattern(encoded: literals[Int(literal.lowerBound)..<Int(literal.upperBound)])
            if other == pattern { return Int(next) }
            if pattern.goesBefore(other) { break }
            (before, next) = (next, nodes[Int(next)].nextCapturing)
        }
        return addCapturing(to: parent, addLiteral(pattern.encoded), behind: before, before: next)
    }

    private mutating func parameterChild(of parent: Int) -> Int {
        var (last, next) = (Node.none, nodes[parent].capturingChild)
        while next != Node.none {
            if nodes[Int(next)].isParameter { return Int(next) }
            (last, next) = (next, nodes[Int(next)].nextCapturing)
        }
        return addCapturing(to: parent, 0..<0, behind: last, before: Node.none)
    }

    private mutating func addCapturing(
        to parent: Int, _ literal: Range<Int32>, behind before: Int32, before next: Int32
    ) -> Int {
        let child = Int32(nodes.count)
        nodes.append(Node(parent: Int32(parent), literal: literal, nextCapturing: next))
        if before == Node.none {
            nodes[parent].capturingChild = child
        } else {
            nodes[Int(before)].nextCapturing = child
        }
        return Int(child)
    }

    private mutating func addLiteral(_ bytes: some Collection<UInt8>) -> Range<Int32> {
        let start = Int32(literals.count)
        literals += bytes
        return start..<Int32(literals.count)
    }

    private mutating func literalChild(of parent: Int, _ text: String) -> Int {
        let bytes = Array("/\(text)".utf8)
        let (known, hash) = bytes.withUnsafeBufferPointer { bytes in
            let path = PathSegments(bytes: bytes, separator: UInt8(ascii: "/"))
            let segment = path.segment(at: 0)
            return (literalChild(of: parent, segment, in: path), segment.hash.value(under: parent))
        }
        if let known { return known }
        let child = Int32(nodes.count)
        nodes.append(Node(parent: Int32(parent), literal: addLiteral(bytes.dropFirst())))
        addEdge(Edge(hash: hash, child: child))
        return Int(child)
    }

    private mutating func addEdge(_ edge: Edge) {
        edgeCount += 1
        if edgeCount * 2 > edges.count {
            let old = edges
            edges = [Edge](repeating: .none, count: old.count * 2)
            for edge in old where edge.child != 0 { fillSlot(with: edge) }
        }
        fillSlot(with: edge)
    }

    private mutating func fillSlot(with edge: Edge) {
        var slot = Int(edge.hash) & (edges.count - 1)
        while edges[slot].child != 0 { slot = (slot + 1) & (edges.count - 1) }
        edges[slot] = edge
    }

    /// The child of `parent` that has this segment of `path` for a literal.
    func literalChild(of parent: Int, _ segment: PathSegments.Segment, in path: PathSegments) -> Int? {
        let hash = segment.hash.value(under: parent)
        var slot = Int(hash) & (edges.count - 1)
        while edges[slot].child != 0 {
            let child = Int(edges[slot].child)
            if edges[slot].hash == hash, nodes[child].parent == parent, isLiteral(of: child, segment.bytes, in: path) {
                return child
            }
            slot = (slot + 1) & (edges.count - 1)
        }
        return nil
    }

    private func isLiteral(of node: Int, _ range: Range<Int>, in path: PathSegments) -> Bool {
        let (start, end) = (Int(nodes[node].literal.lowerBound), Int(nodes[node].literal.upperBound))
        guard end - start == range.count else { return false }
        for offset in 0..<range.count where literals[start + offset] != path.bytes[range.lowerBound + offset] {
            return false
        }
        return true
    }
}
