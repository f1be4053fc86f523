import MartletEventStream
import NIOCore
import Testing

/// Random streams, made of the pieces that matter to the grammar and cut anywhere.
@Suite struct RandomStreamTests {
    private static let seed = UInt64.random(in: .min ... .max)

    @Test func `the parser agrees with the reference on random streams, however they are cut`() {
        var random = SeededGenerator(state: Self.seed)
        for index in 0..<100_000 {
            let stream = Self.stream(&random)
            let reference = ReferenceParser(stream)
            var parser = EventStreamParser()
            var events: [EventStreamParser.Event] = []
            var rest = stream[...]
            do {
                while !rest.isEmpty {
                    let count = random.below(min(rest.count, 12)) + 1
                    events += try parser.feed(ByteBuffer(bytes: rest.prefix(count)))
                    rest = rest.dropFirst(count)
                }
            } catch {
                Issue.record("seed \(Self.seed), stream \(index), \(stream): \(error)")
                return
            }
            // One expectation for all: a macro's work a hundred thousand times would be most of the test.
            let agrees =
                events.elementsEqual(reference.events) {
                    $0.event.utf8.elementsEqual($1.event.utf8) && $0.data.utf8.elementsEqual($1.data.utf8)
                        && $0.lastEventID.utf8.elementsEqual($1.lastEventID.utf8)
                } && parser.lastEventID.utf8.elementsEqual(reference.lastEventID.utf8)
                && parser.reconnectionTime == reference.reconnectionTime.map { .milliseconds($0) }
            guard agrees else {
                Issue.record("seed \(Self.seed), stream \(index), \(stream): \(events), but \(reference.events)")
                return
            }
        }
    }

    @Test func `what the encoder writes the parser reads`() throws {
        var random = SeededGenerator(state: Self.seed)
        var lastID = ""
        var parser = EventStreamParser()
        for index in 0..<20_000 {
            let event = ServerSentEvent(
                event: random.below(2) == 0 ? nil : Self.text(&random, lineBreaks: false),
                data: random.below(8) == 0 ? nil : Self.text(&random, lineBreaks: true),
                id: random.below(3) == 0 ? Self.text(&random, lineBreaks: false).filter { $0 != "\0" } : nil,
                retry: random.below(4) == 0 ? .milliseconds(random.below(100_000)) : nil,
                comment: random.below(4) == 0 ? Self.text(&random, lineBreaks: true) : nil)
            var buffer = ByteBuffer()
            try buffer.writeServerSentEvent(event)
            let events = try parser.feed(buffer)
            if let id = event.id { lastID = id }
            let expected = event.data.map { data in
                let name = event.event ?? ""
                return [name.isEmpty ? "message" : name, Self.withLineFeeds(data), lastID]
            }
            let agrees =
                events.map(\.members) == (expected.map { [$0] } ?? []) && parser.lastEventID == lastID
                && (event.retry == nil || parser.reconnectionTime == event.retry)
            guard agrees else {
                Issue.record("seed \(Self.seed), event \(index): \(event) was read as \(events)")
                return
            }
        }
    }

    private static let pieces: [[UInt8]] =
        [
            "data", "event", "id", "retry", "data: ", "data:", "event: ", "id: ", "retry: ", ":", ": ", " ", "\n", "\n",
            "\n\n", "\r", "\r\n", "\r\n\r\n", "a", "0", "42", "\0", "é", "漢", "😀", "\u{FEFF}", "Data", "x: ",
        ].map { Array($0.utf8) } + [
            [0xFF], [0xC3], [0xE6, 0xBC], [0xF0, 0x9F, 0x98], [0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB],
        ]

    private static func stream(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = random.below(8) == 0 ? [0xEF, 0xBB, 0xBF] : []
        for _ in 0..<random.below(12) {
            if random.below(16) == 0 {
                bytes.append(UInt8(random.below(256)))
            } else {
                bytes += pieces[random.below(pieces.count)]
            }
        }
        return bytes
    }

    private static func text(_ random: inout SeededGenerator, lineBreaks: Bool) -> String {
        let scalars: [Unicode.Scalar] = ["a", " ", ":", "\0", "é", "漢", "😀", "\u{FEFF}", "\u{2028}", "\u{301}"]
        var text = ""
        for _ in 0..<random.below(12) {
            if lineBreaks, random.below(4) == 0 {
                text.unicodeScalars.append(contentsOf: ["\n", "\r", "\r\n"][random.below(3)].unicodeScalars)
            } else {
                text.unicodeScalars.append(scalars[random.below(scalars.count)])
            }
        }
        return text
    }

    /// What becomes of line breaks on the way.
    private static func withLineFeeds(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar = "\0"
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                result.append("\n")
            } else if scalar != "\n" || previous != "\r" {
                result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator {
    var state: UInt64

    /// A number from 0 to `bound` - 1.
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
