/// Finds by topic those who subscribed to it, by its name or by a pattern.
struct TopicIndex<Member> {
    typealias Members = [EventClient.ID: Member]

    private var exact: [String: Members] = [:]
    private var patterns = Node()

    mutating func insert(_ member: Member, _ id: EventClient.ID, on pattern: TopicPattern) {
        if let segments = pattern.segments {
            patterns.insert(member, id, segments[...])
        } else {
            exact[pattern.description, default: [:]][id] = member
        }
    }

    mutating func remove(_ id: EventClient.ID, from pattern: TopicPattern) {
        if let segments = pattern.segments {
            patterns.remove(id, segments[...])
        } else {
            exact[pattern.description]?[id] = nil
            if exact[pattern.description]?.isEmpty == true { exact[pattern.description] = nil }
        }
    }

    /// Calls `body` with each group that the topic reaches; who is in two of them is visited twice.
    func forEachGroup(on topic: String, _ body: (Members) -> Void) {
        if let members = exact[topic] { body(members) }
        guard !patterns.isEmpty else { return }
        patterns.visit(topic.split(separator: "/", omittingEmptySubsequences: false)[...], body)
    }

    /// Each member once.
    func members(on topic: String) -> Members {
        var all: Members = [:]
        forEachGroup(on: topic) { members in
            if all.isEmpty { all = members } else { all.merge(members) { first, _ in first } }
        }
        return all
    }

    /// How many are reached; no set is made where they are one group.
    func count(on topic: String) -> Int {
        var groups = 0
        var count = 0
        forEachGroup(on: topic) { members in
            groups += 1
            count += members.count
        }
        return groups > 1 ? members(on: topic).count : count
    }

    /// How many subscribed to each topic by its name.
    var counts: [String: Int] { exact.mapValues(\.count) }

    /// A tree of pattern segments. Empty nodes are taken out, so that what came and went leaves nothing.
    fileprivate struct Node {
        private var children: [Substring: Node] = [:]
        private var here: Members = [:]
        private var below: Members = [:]

        var isEmpty: Bool { children.isEmpty && here.isEmpty && below.isEmpty }

        mutating func insert(_ member: Member, _ id: EventClient.ID, _ segments: ArraySlice<Substring>) {
            switch segments.first {
            case nil: here[id] = member
            case TopicPattern.anyRest?: below[id] = member
            case let segment?: children[segment, default: Node()].insert(member, id, segments.dropFirst())
            }
        }

        mutating func remove(_ id: EventClient.ID, _ segments: ArraySlice<Substring>) {
            switch segments.first {
            case nil:
                here[id] = nil
            case TopicPattern.anyRest?:
                below[id] = nil
            case let segment?:
                children[segment]?.remove(id, segments.dropFirst())
                if children[segment]?.isEmpty == true { children[segment] = nil }
            }
        }

        func visit(_ segments: ArraySlice<Substring>, _ body: (Members) -> Void) {
            guard let segment = segments.first else {
                if !here.isEmpty { body(here) }
                return
            }
            if !below.isEmpty { body(below) }
            children[segment]?.visit(segments.dropFirst(), body)
            children[TopicPattern.anySegment]?.visit(segments.dropFirst(), body)
        }
    }
}

extension TopicIndex: Sendable where Member: Sendable {}
extension TopicIndex.Node: Sendable where Member: Sendable {}
