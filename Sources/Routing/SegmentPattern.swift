/// A segment of texts and parameters without the names of these: `v{major}.{minor}` is "v", "." and "".
package struct SegmentPattern: Sendable, Hashable {
    /// In UTF-8, what stands before the first parameter, between any two, and behind the last. Only the first and the last
    /// of them may be empty.
    let texts: [[UInt8]]

    /// The texts with a NUL between any two, which none of them has.
    var encoded: [UInt8] { Array(texts.joined(separator: [0])) }

    init(encoded: ArraySlice<UInt8>) {
        texts = encoded.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    }

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
}

/// A pattern as a lookup reads it: the bytes of ``SegmentPattern/encoded``.
struct SegmentTexts {
    let bytes: Slice<UnsafeBufferPointer<UInt8>>

    /// Calls `found` with the bytes of each parameter while they fit.
    ///
    /// What is between two texts ends where the second is found first. That leaves most to those that follow, so if any
    /// way fits, this one does, and nothing has to be tried twice: the time is that of a search for each text.
    /// - Returns: False where the segment does not fit, or a parameter would be `.` or `..`.
    func match(_ segment: Range<Int>, in path: PathSegments, found: (Range<Int>) -> Void) -> Bool {
        guard var text = bytes.firstIndex(of: 0), let last = bytes.lastIndex(of: 0) else { return false }
        var start = segment.lowerBound + (text - bytes.startIndex)
        let end = segment.upperBound - (bytes.endIndex - last - 1)
        guard start < end, path.has(bytes[..<text], at: segment.lowerBound), path.has(bytes[(last + 1)...], at: end),
            !path.hasSlash(segment)
        else { return false }
        while text < last {
            let rest = bytes[(text + 1)...]
            text = rest.firstIndex(of: 0) ?? last
            let next = rest[..<text]
            guard start < end, let place = path.firstIndex(of: next, in: start + 1..<end), !path.climbs(start..<place)
            else { return false }
            found(start..<place)
            start = place + next.count
        }
        guard start < end, !path.climbs(start..<end) else { return false }
        found(start..<end)
        return true
    }
}

extension PathSegments {
    /// The range of the text begins inside the path and does not go beyond its end.
    fileprivate func has(_ text: Slice<UnsafeBufferPointer<UInt8>>, at position: Int) -> Bool {
        for (offset, byte) in text.enumerated() where bytes[position + offset] != byte { return false }
        return true
    }

    fileprivate func firstIndex(of text: Slice<UnsafeBufferPointer<UInt8>>, in range: Range<Int>) -> Int? {
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
