extension PlaceTree {
    /// A place that a path reaches, and the decoded text it captures there.
    @usableFromInline
    struct Hit {
        @usableFromInline let place: Int
        @usableFromInline let captures: [String]
    }

    /// The first place that the path reaches and `accepts` takes; places are offered best first.
    ///
    /// The route table bounds the work, not the request: the way to a node is given by its segments, so no node is visited
    /// twice, and the recursion is as deep as the longest template. At worst that is
    /// O(nodes × length of the path), with a small constant; without backtracking O(length).
    @usableFromInline
    func firstPlace(on path: String, where accepts: (Int) -> Bool) throws(PathDecodingError) -> Hit? {
        var path = try DecodedPath(path)
        return path.withSegments { path in
            guard let start = path.start, let place = search(from: 0, at: start, in: path, where: accepts) else {
                return nil
            }
            return Hit(place: place, captures: texts(of: captures[place], in: path))
        }
    }

    private func search(
        from node: Int, at position: Int, in path: PathSegments, where accepts: (Int) -> Bool
    ) -> Int? {
        if position == path.end {
            if let place = nodes[node].place, accepts(Int(place)) { return Int(place) }
        } else {
            let segment = path.segment(at: position)
            let next = segment.bytes.upperBound
            if let child = literalChild(of: node, segment, in: path),
                let place = search(from: child, at: next, in: path, where: accepts)
            {
                return place
            }
            if case let list = nodes[node].patterns, list >= 0,
                let place = search(patterns: Int(list), segment.bytes, in: path, where: accepts)
            {
                return place
            }
            if let child = nodes[node].parameterChild, !segment.bytes.isEmpty, !path.climbs(segment.bytes),
                let place = search(from: Int(child), at: next, in: path, where: accepts)
            {
                return place
            }
        }
        if let place = nodes[node].catchAllPlace, !path.climbs(path.rest(at: position)), accepts(Int(place)) {
            return Int(place)
        }
        return nil
    }

    // Outlined, so that tables without patterns pay for a look at a number alone.
    @inline(never)
    private func search(
        patterns list: Int, _ segment: Range<Int>, in path: PathSegments, where accepts: (Int) -> Bool
    ) -> Int? {
        for edge in patternChildren[list] where patterns[edge.pattern].match(segment, in: path) {
            if let place = search(from: edge.child, at: segment.upperBound, in: path, where: accepts) { return place }
        }
        return nil
    }

    /// The captured text of a path that reaches the place.
    private func texts(of captures: Captures, in path: PathSegments) -> [String] {
        guard let last = captures.catchAll ?? captures.segments.last?.index, var position = path.start else {
            return []
        }
        var texts: [String] = []
        var wanted = captures.segments[...]
        for index in 0...last {
            if index == captures.catchAll {
                texts.append(path.text(path.rest(at: position)))
                break
            }
            let segment = path.segment(at: position)
            if let next = wanted.first, index == next.index {
                if let pattern = next.pattern {
                    _ = patterns[pattern].match(segment.bytes, in: path) { texts.append(path.text($0)) }
                } else {
                    texts.append(path.text(segment.bytes))
                }
                wanted.removeFirst()
            }
            position = segment.bytes.upperBound
        }
        return texts
    }
}
