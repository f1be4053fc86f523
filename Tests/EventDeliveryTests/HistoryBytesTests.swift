import EventModel
import MartletEventStream
import NIOCore
import Testing

@testable import MartletCore

/// What the history takes of memory, whatever comes.
@Suite struct HistoryBytesTests {
    private static func event(_ sequence: UInt64, _ audience: EventAudience.Recipients, bytes: Int) throws
        -> PublishedEvent
    {
        let draft = try EventFrame.Draft(ServerSentEvent(data: String(repeating: "x", count: bytes)))
        return PublishedEvent(
            sequence: sequence, audience: audience, frame: draft.frame(id: EventID(epoch: "e", sequence: sequence)),
            keeping: .kept, time: .seconds(Double(sequence)), slowReaders: .disconnect, key: nil)
    }

    private static func limits(_ events: Int, _ bytes: Int, _ age: Duration) -> HistoryLimits {
        var limits = HistoryLimits()
        (limits.maxEventsPerTopic, limits.maxBytes, limits.maxAge) = (events, bytes, age)
        return limits
    }

    /// The mixture that once kept a gigabyte: quiet topics, and a busy one with large snapshots.
    @Test func `what a topic has forgotten is let go of`() throws {
        let maxBytes = 4_000_000
        var history = EventHistory(Self.limits(2, maxBytes, .seconds(1_000_000)), startingAfter: 0)
        for topic in 0..<50 { history.append(try Self.event(UInt64(topic + 1), .topic("quiet/\(topic)"), bytes: 10)) }
        for sequence in 100..<300 as Range<UInt64> {
            history.append(try Self.event(sequence, .topic("busy"), bytes: 900_000))
            #expect(history.heldBytes <= maxBytes)
            #expect(history.heldBytes == history.byteCount)
        }
        #expect(history.eventCount == 52)
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `no mixture takes more than is set, compressed copies included`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limits = Self.limits(
            Int.random(in: 1...20, using: &random), Int.random(in: 5000...200_000, using: &random),
            .seconds(Int.random(in: 5...500, using: &random)))
        var history = EventHistory(limits, startingAfter: 0)
        let deflater = FrameDeflater()
        var recent: [PublishedEvent] = []
        for sequence in 1...400 as ClosedRange<UInt64> {
            let audience = EventAudience.Recipients.topic("t/\(Int.random(in: 0..<8, using: &random))")
            let event = try Self.event(
                sequence, audience,
                bytes: Int.random(in: 0..<10, using: &random) == 0 ? 20_000 : Int.random(in: 1...300, using: &random))
            history.append(event)
            recent.append(event)
            // Streams read it compressed, some of them much later.
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                _ = recent.randomElement(using: &random)?.frame.compressed(by: deflater)
            }
            #expect(history.heldBytes == history.byteCount)
            #expect(history.heldBytes <= limits.maxBytes, "\(limits)")
        }
    }

    /// A pattern finds the topics of the history that it matches, and no others.
    @Test func `a tree of topics gives what matching every topic gives`() throws {
        var random = SeededGenerator(seed: 5)
        let segments = ["a", "b", "c", ""]
        for _ in 0..<100 {
            var tree = AudienceTree()
            var topics: Set<String> = []
            for _ in 0..<20 {
                let count = Int.random(in: 1...3, using: &random)
                let topic = (0..<count).map { _ in segments.randomElement(using: &random) ?? "" }.joined(separator: "/")
                guard !topic.isEmpty else { continue }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    tree.remove(topic)
                    topics.remove(topic)
                } else {
                    tree.insert(topic)
                    topics.insert(topic)
                }
            }
            for text in ["*", "**", "a/*", "a/**", "*/b", "*/*", "a/*/c", "*/**"] {
                let pattern = try TopicPattern(text)
                var found: [String] = []
                tree.forEachMatch(of: (pattern.segments ?? [])[...]) { found.append($0) }
                #expect(found.sorted() == topics.filter { pattern.matches($0) }.sorted(), "\(text)")
            }
        }
    }
}
