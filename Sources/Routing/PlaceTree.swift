/// The places of a route table as a tree of segments, numbered from 0 in the order they were made.
///
/// Nodes lie in one array and the literals' bytes in another; the literal children of all nodes share one hash table.
@usableFromInline
struct PlaceTree: Sendable {
    struct Node {
        let parent: Int32
        /// The segment that leads here from `parent`, as a range of `literals`; empty for a pattern or a parameter.
        let literal: Range<Int32>
        /// An index of `patternChildren`; -1 for none.
        var patterns: Int32 = -1
        var parameterChild: Int32?
        /// Of the paths that end here.
        var place: Int32?
        /// Of the paths that go on from here, in whatever way.
        var catchAllPlace: Int32?
    }

    /// From a node to a literal child of it.
    struct Edge {
        let hash: UInt32
        /// The root is nobody's child, so 0 marks a free slot.
        let child: Int32

        static let none = Edge(hash: 0, child: 0)
    }

    /// From a node to a child of it that a pattern leads to.
    struct PatternEdge {
        /// An index of `patterns`.
        let pattern: Int
        let child: Int
    }

    /// Which segments a place captures, by their number in the path.
    struct Captures {
        struct Segment {
            let index: Int
            /// An index of `patterns`; nil where the whole segment is captured.
            let pattern: Int?
        }
        var segments: [Segment] = []
        var catchAll: Int?
    }

    private(set) var nodes = [Node(parent: 0, literal: 0..<0)]
    private(set) var literals: [UInt8] = []
    /// Open addressing with linear probing; a power of two, at most half full.
    private(set) var edges = [Edge](repeating: .none, count: 8)
    private var edgeCount = 0
    private(set) var patterns: [SegmentPattern] = []
    /// For each node that has any, its children by pattern in the order in which they are tried.
    private(set) var patternChildren: [[PatternEdge]] = []
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
                let edge = patternChild(of: node, pattern)
                node = edge.child
                captures.segments.append(Captures.Segment(index: index, pattern: edge.pattern))
            case .parameter:
                node = parameterChild(of: node)
                captures.segments.append(Captures.Segment(index: index, pattern: nil))
            case .catchAll:
                captures.catchAll = index
            }
        }
        let isCatchAll = captures.catchAll != nil
        if let known = isCatchAll ? nodes[node].catchAllPlace : nodes[node].place { return Int(known) }
        let number = self.captures.count
        self.captures.append(captures)
        if isCatchAll { nodes[node].catchAllPlace = Int32(number) } else { nodes[node].place = Int32(number) }
        return number
    }

    private mutating func patternChild(of parent: Int, _ pattern: SegmentPattern) -> PatternEdge {
        if nodes[parent].patterns < 0 {
            nodes[parent].patterns = Int32(patternChildren.count)
            patternChildren.append([])
        }
        let list = Int(nodes[parent].patterns)
        if let known = patternChildren[list].first(where: { patterns[$0.pattern] == pattern }) { return known }
        let edge = PatternEdge(pattern: patterns.count, child: nodes.count)
        let next = patternChildren[list].firstIndex { pattern.goesBefore(patterns[$0.pattern]) }
        patternChildren[list].insert(edge, at: next ?? patternChildren[list].endIndex)
        patterns.append(pattern)
        nodes.append(Node(parent: Int32(parent), literal: 0..<0))
        return edge
    }

    private mutating func parameterChild(of parent: Int) -> Int {
        if let child = nodes[parent].parameterChild { return Int(child) }
        nodes[parent].parameterChild = Int32(nodes.count)
        nodes.append(Node(parent: Int32(parent), literal: 0..<0))
        return nodes.count - 1
    }

    private mutating func literalChild(of parent: Int, _ text: String) -> Int {
        let bytes = Array("/\(text)".utf8)
        let (known, hash) = bytes.withUnsafeBufferPointer { bytes in
            let path = PathSegments(bytes: bytes, separator: UInt8(ascii: "/"))
            let segment = path.segment(at: 0)
            return (literalChild(of: parent, segment, in: path), segment.hash.value(under: parent))
        }
        if let known { return known }
        let start = Int32(literals.count)
        literals += bytes.dropFirst()
        let child = Int32(nodes.count)
        nodes.append(Node(parent: Int32(parent), literal: start..<Int32(literals.count)))
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
