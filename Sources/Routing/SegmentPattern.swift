/// A segment of texts and parameters without the names of these: `v{major}.{minor}` is "v", "." and "".
package struct SegmentPattern: Sendable, Hashable {
    /// In UTF-8, what stands before the first parameter, between any two, and behind the last. Only the first and the last
    /// of them may be empty.
    let texts: [[UInt8]]

    init(_ parts: [PathTemplate.Segment.Part]) {
        var texts: [[UInt8]] = [[]]
        for part in parts {
            switch part {
            case .literal(let text): texts[texts.count - 1] += Array(text.utf8)
            case .parameter: texts.append([])
            }
        }
        self.texts = texts
    }

    /// Whether this one is tried first: the one with more text; of equals the one with more text in front, then in the
    /// order of their texts' bytes. No two patterns are equal in all of that.
    func goesBefore(_ other: SegmentPattern) -> Bool {
        let (length, otherLength) = (texts.joined().count, other.texts.joined().count)
        if length != otherLength { return length > otherLength }
        if texts[0].count != other.texts[0].count { return texts[0].count > other.texts[0].count }
        return texts.lexicographicallyPrecedes(other.texts) { $0.lexicographicallyPrecedes($1) }
    }

    /// Calls `found` with the bytes of each parameter while they fit.
    ///
    /// What is between two texts ends where the second is found first. That leaves most to those that follow, so if any
    /// way fits, this one does, and nothing has to be tried twice: the time is that of a search for each text.
    /// - Returns: False where the segment does not fit, or a parameter would be `.` or `..`.
    func match(_ segment: Range<Int>, in path: PathSegments, found: (Range<Int>) -> Void = { _ in }) -> Bool {
        let (first, last) = (texts[0], texts[texts.count - 1])
        var start = segment.lowerBound + first.count
        let end = segment.upperBound - last.count
        guard start < end, path.has(first, at: segment.lowerBound), path.has(last, at: end), !path.hasSlash(segment)
        else { return false }
        for text in texts[1..<(texts.count - 1)] {
            guard start < end, let next = path.firstIndex(of: text, in: start + 1..<end), !path.climbs(start..<next)
            else { return false }
            found(start..<next)
            start = next + text.count
        }
        guard start < end, !path.climbs(start..<end) else { return false }
        found(start..<end)
        return true
    }
}

extension PathSegments {
    /// The range of the text begins inside the path and does not go beyond its end.
    fileprivate func has(_ text: [UInt8], at position: Int) -> Bool {
        for offset in text.indices where bytes[position + offset] != text[offset] { return false }
        return true
    }

    fileprivate func firstIndex(of text: [UInt8], in range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position + text.count <= range.upperBound {
            if has(text, at: position) { return position }
            position += 1
        }
        return nil
    }

    /// Only in a path that was decoded may a segment have one.
    fileprivate func hasSlash(_ segment: Range<Int>) -> Bool {
        separator == 0 && bytes[segment].contains(UInt8(ascii: "/"))
    }
}
