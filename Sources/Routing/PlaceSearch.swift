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
            return Hit(place: place, captures: captures[place].texts(in: path, of: self))
        }
    }

    private func search(
        from node: Int, at position: Int, in path: PathSegments, where accepts: (Int) -> Bool
    ) -> Int? {
        if position == path.end {
            let place = Int(nodes[node].place)
            if place >= 0, accepts(place) { return place }
        } else {
            let segment = path.segment(at: position)
            let next = segment.bytes.upperBound
            if let child = literalChild(of: node, segment, in: path),
                let place = search(from: child, at: next, in: path, where: accepts)
            {
                return place
            }
            let capturing = Int(nodes[node].capturingChild)
            if capturing >= 0 {
                let place =
                    nodes[capturing].isParameter
                    ? search(parameter: capturing, segment.bytes, in: path, where: accepts)
                    : search(patterns: capturing, segment.bytes, in: path, where: accepts)
                if let place { return place }
            }
        }
        let place = Int(nodes[node].catchAllPlace)
        if place >= 0, !path.climbs(path.rest(at: position)), accepts(place) { return place }
        return nil
    }

    @inline(__always)
    private func search(
        parameter child: Int, _ segment: Range<Int>, in path: PathSegments, where accepts: (Int) -> Bool
    ) -> Int? {
        guard !segment.isEmpty, !path.climbs(segment) else { return nil }
        return search(from: child, at: segment.upperBound, in: path, where: accepts)
    }

    /// From a child that a pattern leads to, and those that are tried behind it.
    // Outlined, so that tables without patterns do not pay for them.
    @inline(never)
    private func search(
        patterns first: Int, _ segment: Range<Int>, in path: PathSegments, where accepts: (Int) -> Bool
    ) -> Int? {
        var child = first
        while child >= 0 {
            if nodes[child].isParameter { return search(parameter: child, segment, in: path, where: accepts) }
            if matches(child, segment, in: path),
                let place = search(from: child, at: segment.upperBound, in: path, where: accepts)
            {
                return place
            }
            child = Int(nodes[child].nextCapturing)
        }
        return nil
    }

    /// Whether a segment fits the pattern that leads to a node.
    @inline(never)
    fileprivate func matches(
        _ node: Int, _ segment: Range<Int>, in path: PathSegments, found: (Range<Int>) -> Void = { _ in }
    ) -> Bool {
        literals.withUnsafeBufferPointer { literals in
            let range = nodes[node].literal
            let texts = SegmentTexts(bytes: literals[Int(range.lowerBound)..<Int(range.upperBound)])
            return texts.match(segment, in: path, found: found)
        }
    }
}

extension PlaceTree.Captures {
    /// The captured text of a path that reaches the place.
    fileprivate func texts(in path: PathSegments, of tree: PlaceTree) -> [String] {
        guard let last = catchAll ?? segments.last.map({ Int($0.index) }), var position = path.start else { return [] }
        var texts: [String] = []
        var wanted = 0
        for index in 0...last {
            if index == catchAll {
                texts.append(path.text(path.rest(at: position)))
                break
            }
            let segment = path.segment(at: position)
            if wanted < segments.count, index == Int(segments[wanted].index) {
                let pattern = Int(segments[wanted].pattern)
                if pattern < 0 {
                    texts.append(path.text(segment.bytes))
                } else {
                    _ = tree.matches(pattern, segment.bytes, in: path) { texts.append(path.text($0)) }
                }
                wanted += 1
            }
            position = segment.bytes.upperBound
        }
        return texts
    }
}
