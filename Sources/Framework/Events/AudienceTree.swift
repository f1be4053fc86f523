/// The topics of a history by their segments, so that a pattern finds its own without a look at all others.
struct AudienceTree {
    private var children: [Substring: AudienceTree] = [:]
    private var topic: String?

    private var isEmpty: Bool { topic == nil && children.isEmpty }

    mutating func insert(_ topic: String) { insert(topic, TopicPattern.split(topic)[...]) }

    mutating func remove(_ topic: String) { remove(TopicPattern.split(topic)[...]) }

    private mutating func insert(_ topic: String, _ segments: ArraySlice<Substring>) {
        guard let segment = segments.first else {
            self.topic = topic
            return
        }
        children[segment, default: AudienceTree()].insert(topic, segments.dropFirst())
    }

    private mutating func remove(_ segments: ArraySlice<Substring>) {
        guard let segment = segments.first else {
            topic = nil
            return
        }
        children[segment]?.remove(segments.dropFirst())
        if children[segment]?.isEmpty == true { children[segment] = nil }
    }

    /// Calls back with each topic that a pattern matches.
    func forEachMatch(of segments: ArraySlice<Substring>, _ body: (String) -> Void) {
        guard let segment = segments.first else {
            if let topic { body(topic) }
            return
        }
        switch segment {
        case TopicPattern.anyRest: for child in children.values { child.forEachTopic(body) }
        case TopicPattern.anySegment:
            for child in children.values { child.forEachMatch(of: segments.dropFirst(), body) }
        default: children[segment]?.forEachMatch(of: segments.dropFirst(), body)
        }
    }

    private func forEachTopic(_ body: (String) -> Void) {
        if let topic { body(topic) }
        for child in children.values { child.forEachTopic(body) }
    }
}
