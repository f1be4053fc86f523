import MartletRouting

/// What the trie is to do, done one template after another.
struct ReferenceMatcher {
    struct Candidate {
        /// Of each segment, and then that of a literal for the end.
        var rank: [Rank]
        var captures: [String]
        var routes: [Int]
    }

    /// What goes first at a segment.
    struct Rank: Hashable, Comparable {
        /// 0 for a literal, 1 for a pattern, 2 for a parameter, 3 for a catch-all.
        let kind: Int
        /// The bytes of a pattern's text.
        var texts: [[UInt8]] = []

        static func < (left: Rank, right: Rank) -> Bool {
            if left.kind != right.kind { return left.kind < right.kind }
            let (text, other) = (left.texts.joined().count, right.texts.joined().count)
            if text != other { return text > other }
            let (front, otherFront) = (left.texts.first?.count ?? 0, right.texts.first?.count ?? 0)
            if front != otherFront { return front > otherFront }
            for (one, two) in zip(left.texts, right.texts) where one != two {
                return one.lexicographicallyPrecedes(two)
            }
            return left.texts.count < right.texts.count
        }
    }

    private(set) var templates: [PathTemplate] = []

    mutating func add(_ template: PathTemplate) { templates.append(template) }

    /// Candidates best first, those of one place merged; nil when the path cannot be decoded.
    func candidates(for path: String) -> [Candidate]? {
        var pieces: [[UInt8]] = []
        for piece in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let decoded = Self.decode(Array(piece)) else { return nil }
            pieces.append(decoded)
        }
        guard path.utf8.first == UInt8(ascii: "/") else { return [] }
        pieces.removeFirst()
        if pieces == [[]] { pieces = [] }
        var found: [[Rank]: Candidate] = [:]
        for (route, template) in templates.enumerated() {
            var shapes = [template.segments]
            if case .optional = template.segments.last { shapes.append(template.segments.dropLast()) }
            for shape in shapes {
                guard var candidate = Self.match(shape, pieces) else { continue }
                candidate.routes = (found[candidate.rank]?.routes ?? []) + [route]
                found[candidate.rank] = candidate
            }
        }
        return found.values.sorted { $0.rank.lexicographicallyPrecedes($1.rank) }
    }

    private static func match(_ shape: [PathTemplate.Segment], _ pieces: [[UInt8]]) -> Candidate? {
        var candidate = Candidate(rank: [], captures: [], routes: [])
        var rest = pieces[...]
        for segment in shape {
            if case .catchAll = segment {
                let text = rest.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
                guard isSafe(text) else { return nil }
                candidate.captures.append(text)
                candidate.rank.append(Rank(kind: 3))
                return candidate
            }
            guard let piece = rest.popFirst(), !piece.isEmpty else { return nil }
            if case .literal(let text) = segment {
                guard Array(text.utf8) == piece else { return nil }
                candidate.rank.append(Rank(kind: 0))
            } else if case .pattern(let parts) = segment {
                // The first way, not the first that will do.
                guard !piece.contains(UInt8(ascii: "/")), let captures = ways(parts[...], piece[...]).first,
                    captures.allSatisfy(isSafe)
                else { return nil }
                candidate.captures += captures
                candidate.rank.append(Rank(kind: 1, texts: texts(of: parts)))
            } else {
                let text = String(decoding: piece, as: UTF8.self)
                guard isSafe(text) else { return nil }
                candidate.captures.append(text)
                candidate.rank.append(Rank(kind: 2))
            }
        }
        guard rest.isEmpty else { return nil }
        candidate.rank.append(Rank(kind: 0))
        return candidate
    }

    /// Every way in which the parts make up the bytes, those with the shortest first parameter first.
    private static func ways(_ parts: ArraySlice<PathTemplate.Segment.Part>, _ bytes: ArraySlice<UInt8>) -> [[String]] {
        guard let part = parts.first else { return bytes.isEmpty ? [[]] : [] }
        switch part {
        case .literal(let text):
            return bytes.starts(with: text.utf8) ? ways(parts.dropFirst(), bytes.dropFirst(text.utf8.count)) : []
        case .parameter:
            return bytes.indices.flatMap { end in
                ways(parts.dropFirst(), bytes[(end + 1)...]).map {
                    [String(decoding: bytes[...end], as: UTF8.self)] + $0
                }
            }
        }
    }

    private static func texts(of parts: [PathTemplate.Segment.Part]) -> [[UInt8]] {
        var texts: [[UInt8]] = [[]]
        for part in parts {
            if case .literal(let text) = part { texts[texts.count - 1] += Array(text.utf8) } else { texts.append([]) }
        }
        return texts
    }

    private static func isSafe(_ capture: String) -> Bool {
        !capture.utf8.split(separator: UInt8(ascii: "/")).contains {
            $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8)
        }
    }

    private static func decode(_ piece: [UInt8]) -> [UInt8]? {
        var decoded: [UInt8] = []
        var index = 0
        while index < piece.count {
            if piece[index] == UInt8(ascii: "%") {
                let digits = piece[(index + 1)...].prefix(2).map { Character(Unicode.Scalar($0)) }
                guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                    let byte = UInt8(String(digits), radix: 16)
                else { return nil }
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(piece[index])
                index += 1
            }
        }
        let isText = String(validating: decoded, as: UTF8.self) != nil && !decoded.contains(0)
        return isText ? decoded : nil
    }
}
