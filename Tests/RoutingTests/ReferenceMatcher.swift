import MartletRouting

/// What the trie is to do, done one template after another.
struct ReferenceMatcher {
    struct Candidate {
        /// Per segment 0 for a literal, 1 for a parameter, 2 for a catch-all; then 0 for the end.
        var rank: [Int]
        var captures: [String]
        var routes: [Int]
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
        var found: [[Int]: Candidate] = [:]
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
                candidate.rank.append(2)
                return candidate
            }
            guard let piece = rest.popFirst(), !piece.isEmpty else { return nil }
            if case .literal(let text) = segment {
                guard Array(text.utf8) == piece else { return nil }
                candidate.rank.append(0)
            } else {
                let text = String(decoding: piece, as: UTF8.self)
                guard isSafe(text) else { return nil }
                candidate.captures.append(text)
                candidate.rank.append(1)
            }
        }
        guard rest.isEmpty else { return nil }
        candidate.rank.append(0)
        return candidate
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
