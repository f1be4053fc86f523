import MartletRouting
import Testing

/// The trie against ``ReferenceMatcher``. To repeat a failure, put the seed it prints into `seeds`.
@Suite struct RouteTrieRandomTests {
    static let seeds: [UInt64] = {
        let base = UInt64.random(in: 0 ... .max)
        return (0..<8).map { base &+ $0 &* 1_000_003 }
    }()

    @Test(arguments: seeds) func agreesWithTheReference(seed: UInt64) throws {
        var random = RandomRoutes(seed: seed)
        var (paths, hits) = (0, 0)
        for round in 0..<400 {
            var trie = RouteTrie<[Int]>()
            var reference = ReferenceMatcher()
            for _ in 0..<random.upTo(14) {
                let template = try PathTemplate(random.template())
                let number = reference.templates.count
                trie.insert(template) { $0 = ($0 ?? []) + [number] }
                reference.add(template)
            }
            for _ in 0..<12 {
                let path = random.path()
                let accepted = Set((0..<14).filter { _ in random.upTo(4) > 0 })
                let told: Comment =
                    "seed \(seed), round \(round), \(path.debugDescription) in \(reference.templates), \(accepted)"
                paths += 1
                guard let candidates = reference.candidates(for: path) else {
                    #expect(throws: PathDecodingError.self, told) { try trie.match(path)?.value }
                    #expect(throws: PathDecodingError.self, told) { try trie.allMatches(path) }
                    continue
                }
                #expect(try trie.allMatches(path) == candidates.map(\.routes), told)
                let best = candidates.first { !accepted.isDisjoint(with: $0.routes) }
                let match = try trie.match(path) { accepted.isDisjoint(with: $0) ? nil : $0 }
                #expect(match?.value == best?.routes, told)
                #expect(match?.captures.map { Array($0.utf8) } == best?.captures.map { Array($0.utf8) }, told)
                if best != nil { hits += 1 }
            }
        }
        // A generator that never hits would prove nothing.
        #expect(hits > paths / 10)
    }
}

/// Templates and paths of few different pieces, so that they meet often.
struct RandomRoutes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private static let literals = ["a", "b", "ab", "A", "é", "e\u{301}", "聊天", "a.b", "...", "+", "abcdefghijklmnop"]
    private static let odd = [
        "", ".", "..", "%2e", "%2E.", "a%2Fb", "..%2F", "%2F%2e%2e%2Fa", "%2F", "a%20b", "%61", "%E8%81%8A%E5%A4%A9",
        "a\\..",
        "\u{1}", "{x}", "*", "a;b", "%25", "🐦", "?a", "%5C..",
    ]
    private static let hostile = [
        "%", "%a", "%zz", "%00", "\u{0}", "%ff", "%C3", "%C0%80", "a%", "%%%", "%ED%A0%80", "%-1", "% 1",
    ]

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func upTo(_ end: Int) -> Int { Int(next() % UInt64(end)) }

    private mutating func one(of texts: [String]) -> String { texts[upTo(texts.count)] }

    mutating func template() -> String {
        let count = upTo(5)
        let segments = (0..<count).map { index -> String in
            let isLast = index == count - 1
            switch upTo(isLast ? 9 : 6) {
            case 0...3: return one(of: Array(Self.literals.prefix(upTo(2) == 0 ? 3 : Self.literals.count)))
            case 4: return "{x\(index)}"
            case 5: return pattern(index)
            case 6: return "{x\(index)?}"
            default: return "{x\(index)...}"
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// Of few bytes, so that one text is found in many places of a segment.
    private mutating func pattern(_ index: Int) -> String {
        let texts = ["a", "b", "ab", ".", "..", "aa", "é", "e"]
        let count = 1 + upTo(3)
        var text = upTo(2) == 0 ? "" : one(of: texts)
        for part in 0..<count {
            if part > 0 { text += one(of: texts) }
            text += "{x\(index)_\(part)}"
        }
        return text + (upTo(2) == 0 ? "" : one(of: texts))
    }

    private mutating func mixture() -> String {
        (0..<(1 + upTo(7))).map { _ in one(of: ["a", "b", ".", "a", "b", ".", "é", "%61", "%2e", "%2F"]) }.joined()
    }

    mutating func path() -> String {
        let isHostile = upTo(10) == 0
        let pieces = (0..<upTo(6)).map { _ -> String in
            switch upTo(16) {
            case 12...: return mixture()
            case 0...5: return Self.literals[upTo(3)]
            case 6, 7: return one(of: Self.literals)
            case 8: return encoded(one(of: Self.literals))
            case 9 where isHostile: return one(of: Self.hostile)
            default: return one(of: Self.odd)
            }
        }
        return (upTo(40) == 0 ? "" : "/") + pieces.joined(separator: "/")
    }

    /// Some bytes percent-encoded, with digits in either case.
    private mutating func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte < 0x80 && upTo(2) == 0 {
                bytes.append(byte)
            } else {
                let digits = "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16, uppercase: upTo(2) == 0)
                bytes += Array(digits.utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
