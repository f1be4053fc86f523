import EventModel
import Testing

@testable import MartletCore

@Suite struct TopicPatternTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "a/b", false), ("a", "A", false), ("*", "a", true), ("*", "a/b", false),
        ("**", "a", true), ("**", "a/b/c", true), ("a/*", "a/b", true), ("a/*", "a", false), ("a/*", "a/b/c", false),
        ("a/*", "a/", true), ("a/**", "a", false), ("a/**", "a/b", true), ("a/**", "a/b/c", true),
        ("a/**", "b/a", false),
        ("*/b", "a/b", true), ("*/b", "a/c", false), ("a/*/c", "a/b/c", true), ("a/*/c", "a/c", false),
        ("/", "/", true), ("//*", "//x", true), ("房/*", "房/一", true), ("a/*", "a/\u{301}b", true),
        ("a/*/c", "a/\u{338}/c", true), ("caf\u{e9}/*", "cafe\u{301}/1", true),
    ])
    func `a pattern matches`(pattern: String, topic: String, isMatched: Bool) throws {
        #expect(try TopicPattern(pattern).matches(topic) == isMatched)
        var index = TopicIndex<Int>()
        let id = EventClient.ID(rawValue: 1)
        index.insert(7, id, on: try TopicPattern(pattern))
        #expect(index.count(on: topic) == (isMatched ? 1 : 0))
        index.remove(id, from: try TopicPattern(pattern))
        #expect(index.count(on: topic) == 0)
    }

    @Test(arguments: [
        "", "a*", "*a", "a/b*", "**/a", "a/**/b", "***", String(repeating: "a", count: 1025),
        String(repeating: "a/", count: 16) + "*",
    ])
    func `a malformed pattern is refused`(text: String) { #expect(throws: TopicError.self) { try TopicPattern(text) } }

    @Test(arguments: ["", "*", "a/*", "a*", String(repeating: "a", count: 1025)])
    func `a malformed topic is refused`(text: String) throws {
        let host = try TestHub()
        #expect(throws: TopicError.self) { try host.hub.post(data: "x", to: .topic(Topic(text))) }
    }

    @Test func `who is reached by several subscriptions is counted once`() throws {
        var random = SeededGenerator(seed: 7)
        let patterns = try ["a", "b", "*", "**", "a/b", "a/*", "*/b", "a/**"].map { try TopicPattern($0) }
        for _ in 0..<200 {
            var index = TopicIndex<Int>()
            var subscriptions: [(id: UInt64, pattern: TopicPattern)] = []
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                let id = UInt64.random(in: 0..<6, using: &random)
                let pattern = try #require(patterns.randomElement(using: &random))
                index.insert(1, EventClient.ID(rawValue: id), on: pattern)
                subscriptions.append((id, pattern))
            }
            for topic in ["a", "b", "a/b", "c/b", "a/b/c", ""] {
                let reached = Set(subscriptions.filter { $0.pattern.matches(topic) }.map(\.id))
                #expect(index.count(on: topic) == reached.count)
                #expect(index.reaches(topic) == !reached.isEmpty)
            }
            let counts = Dictionary(grouping: subscriptions, by: \.pattern.description).mapValues {
                Set($0.map(\.id)).count
            }
            #expect(index.counts == counts)
        }
    }

    /// Every pattern of up to three segments against every topic of up to four.
    @Test func `covers and overlaps say what matching every topic says`() throws {
        func texts(_ segments: [String], upTo count: Int) -> [String] {
            var all = segments
            var longest = segments
            for _ in 1..<count {
                longest = longest.flatMap { head in segments.map { "\(head)/\($0)" } }
                all += longest
            }
            return all
        }
        // `z` stands for every segment that no pattern names.
        let topics = texts(["a", "b", "z"], upTo: 4)
        let patterns = texts(["a", "b", "*", "**"], upTo: 3).compactMap { try? TopicPattern($0) }
        let matched = patterns.map { pattern in Set(topics.filter { pattern.matches($0) }) }
        for (left, mine) in zip(patterns, matched) {
            for (right, theirs) in zip(patterns, matched) {
                #expect(left.covers(right) == mine.isSuperset(of: theirs), "\(left) covers \(right)")
                #expect(left.overlaps(right) == !mine.isDisjoint(with: theirs), "\(left) overlaps \(right)")
            }
        }
    }
}
