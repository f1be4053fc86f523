import EventModel
import MartletEventStream
import Testing

@testable import MartletCore

/// The queue of a slow reader against one that is too simple to be wrong.
@Suite struct EventQueueTests {
    private struct Plain {
        var entries: [(text: String, bytes: Int, event: PublishedEvent?)] = []
        var gap: EventGap?
        var byteCount: Int { entries.reduce(0) { $0 + $1.bytes } }

        mutating func drop(at index: Int) {
            if let event = entries.remove(at: index).event { gap = EventGap(including: event.sequence, gap) }
        }

        mutating func append(_ text: String, _ bytes: Int, _ event: PublishedEvent?, budget: Int) -> Int? {
            var dropped = 0
            if let event, let key = event.key,
                let older = entries.firstIndex(where: { $0.event?.key == key && $0.event?.audience == event.audience })
            {
                drop(at: older)
                dropped += 1
            }
            while byteCount + bytes > budget {
                guard case .dropOldest? = event?.slowReaders,
                    let oldest = entries.firstIndex(where: { $0.event?.audience == event?.audience })
                else { return nil }
                drop(at: oldest)
                dropped += 1
            }
            entries.append((text, bytes, event))
            return dropped
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `it drops and keeps what a plain one does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var plain = Plain()
        let queue = EventQueue()
        let budget = Int.random(in: 60..<2000, using: &random)
        for sequence in 1...300 as ClosedRange<UInt64> {
            if Int.random(in: 0..<4, using: &random) == 0 {
                switch queue.popFirst() {
                case nil: #expect(plain.entries.isEmpty && plain.gap == nil)
                case .gap(let gap):
                    #expect(plain.gap == gap)
                    plain.gap = nil
                case .frame(let frame, let place):
                    let first = plain.entries.removeFirst()
                    #expect(String(buffer: frame.payload) == first.text)
                    #expect(place == first.event?.sequence ?? place)
                }
                continue
            }
            let data = "\(sequence)" + String(repeating: "x", count: Int.random(in: 0..<30, using: &random))
            let frame = try EventFrame.Draft(ServerSentEvent(data: data)).frame(id: nil)
            let policy: SlowReaderPolicy = [.disconnect, .dropOldest, .latestOnly(key: { _ in "" })].randomElement(
                using: &random)!
            var event: PublishedEvent?
            if Int.random(in: 0..<5, using: &random) > 0 {
                var (topic, key) = ("plain", nil as String?)
                switch policy {
                case .dropOldest: topic = ["d/1", "d/2"].randomElement(using: &random)!
                case .latestOnly: (topic, key) = ("l", ["p", "q", "r"].randomElement(using: &random))
                default: break
                }
                event = PublishedEvent(
                    sequence: sequence, audience: .topic(topic), frame: frame, keeping: .kept, time: .zero,
                    slowReaders: policy, key: key)
            }
            let expected = plain.append(String(buffer: frame.payload), frame.byteCount, event, budget: budget)
            switch queue.append(frame, event, place: sequence, budget: budget) {
            case .queued: #expect(expected == 0)
            case .dropped(let count): #expect(expected == count)
            // The client is disconnected.
            case .overflow: return #expect(expected == nil)
            }
            #expect(queue.byteCount == plain.byteCount)
            #expect(queue.isEmpty == (plain.entries.isEmpty && plain.gap == nil))
        }
    }
}
