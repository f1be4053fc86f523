/// Finds the members that subscribed to a topic, by its name or by a pattern.
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

    /// Calls `body` with each group that the topic reaches; a member of two is visited twice.
    func forEachGroup(on topic: String, _ body: (Members) -> Void) {
        if let members = exact[topic] { body(members) }
        guard !patterns.isEmpty else { return }
        patterns.visit(TopicPattern.split(topic)[...], body)
    }

    /// The groups that a topic reaches, the largest first: sharing their storage, and so made in no time.
    func groups(on topic: String) -> [Members] {
        var groups: [Members] = []
        forEachGroup(on: topic) { groups.append($0) }
        if groups.count > 1 { groups.sort { $0.count > $1.count } }
        return groups
    }

    func reaches(_ topic: String) -> Bool { exact[topic] != nil || !patterns.isEmpty && !groups(on: topic).isEmpty }

    /// How many are reached. Members of two groups are looked for, from the smaller one, while that costs next to nothing:
    /// publishers wait for it. Beyond, a member that is reached twice counts twice.
    func count(on topic: String) -> Int {
        guard !patterns.isEmpty else { return exact[topic]?.count ?? 0 }
        let groups = groups(on: topic)
        var count = groups.first?.count ?? 0
        var looks = 0
        for (index, group) in groups.enumerated().dropFirst() {
            looks += group.count * index
            let isExact = looks <= Self.maximumLooks
            count += isExact ? group.keys.count { id in !groups[..<index].contains { $0[id] != nil } } : group.count
        }
        return count
    }

    private static var maximumLooks: Int { 256 }

    /// How many subscribed to each topic or pattern by its text.
    var counts: [String: Int] {
        var counts = exact.mapValues(\.count)
        patterns.forEachPattern([]) { pattern, count in counts[pattern.joined(separator: "/")] = count }
        return counts
    }

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

        func forEachPattern(_ path: [Substring], _ body: ([Substring], Int) -> Void) {
            if !here.isEmpty { body(path, here.count) }
            if !below.isEmpty { body(path + [TopicPattern.anyRest], below.count) }
            for (segment, child) in children { child.forEachPattern(path + [segment], body) }
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
