import Testing

/// Streams that parsers get wrong, with what a client dispatches for each.
struct SampleStream: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let events: [[String]]
    var retry: Int64?
    var lastEventID: String?

    /// - Parameter events: each as its type, its data and its last event id.
    init(_ name: String, _ text: String, _ events: [[String]], retry: Int64? = nil, lastEventID: String? = nil) {
        self.init(name, Array(text.utf8), events, retry: retry, lastEventID: lastEventID)
    }

    init(_ name: String, _ bytes: [UInt8], _ events: [[String]], retry: Int64? = nil, lastEventID: String? = nil) {
        self.name = name
        self.bytes = bytes
        self.events = events
        self.retry = retry
        self.lastEventID = lastEventID
    }

    var testDescription: String { name }

    static let all: [SampleStream] = [
        SampleStream("data alone is a message", "data: hi\n\n", [["message", "hi", ""]]),
        SampleStream("several data lines are joined by LF", "data: a\ndata: b\n\n", [["message", "a\nb", ""]]),
        SampleStream(
            "an empty data line dispatches an empty text", "data\n\ndata:\n\n",
            [
                ["message", "", ""], ["message", "", ""],
            ]),
        SampleStream("two empty data lines are one LF", "data\ndata\n\n", [["message", "\n", ""]]),
        SampleStream(
            "only one space after the colon is dropped", "data:  a\ndata:\tb\ndata:c\n\n",
            [
                ["message", " a\n\tb\nc", ""]
            ]),
        SampleStream("a field may hold colons", "data: a: b:c\n\n", [["message", "a: b:c", ""]]),
        SampleStream(
            "CR ends lines", "data: a\rdata: b\r\rdata: c\r\r", [["message", "a\nb", ""], ["message", "c", ""]]),
        SampleStream(
            "CRLF ends lines", "data: a\r\n\r\ndata: b\r\n\r\n", [["message", "a", ""], ["message", "b", ""]]),
        SampleStream(
            "line ends mixed", "data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\r",
            [
                ["message", "a\nb\nc", ""], ["message", "d", ""],
            ]),
        SampleStream(
            "LF CR is two line ends", "data: a\n\rdata: b\n\n", [["message", "a", ""], ["message", "b", ""]]),
        SampleStream(
            "the type names the listener", "event: tick\ndata: 1\n\ndata: 2\n\n",
            [
                ["tick", "1", ""], ["message", "2", ""],
            ]),
        SampleStream(
            "an empty type is message", "event\ndata: 1\n\nevent:\ndata: 2\n\n",
            [
                ["message", "1", ""], ["message", "2", ""],
            ]),
        SampleStream("the last type of a block counts", "event: a\nevent: b\ndata: 1\n\n", [["b", "1", ""]]),
        SampleStream(
            "a block without data dispatches nothing and forgets its type", "event: a\n\ndata: 1\n\n",
            [
                ["message", "1", ""]
            ]),
        SampleStream(
            "an id holds until the next", "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
            [
                ["message", "a", "1"], ["message", "b", "1"], ["message", "c", "2"],
            ]),
        SampleStream(
            "an empty id resets it", "id: 1\ndata: a\n\nid\ndata: b\n\n",
            [
                ["message", "a", "1"], ["message", "b", ""],
            ]),
        SampleStream(
            "an id with NUL is ignored", "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
            [
                ["message", "a", "1"], ["message", "b", "1"],
            ]),
        SampleStream("a block with an id alone moves the last event id", "id: 7\n\n", [], lastEventID: "7"),
        SampleStream("an unfinished block does not move the last event id", "id: 7\ndata: a\n", [], lastEventID: ""),
        SampleStream("an unfinished block is never dispatched", "data: a\n\ndata: b\n", [["message", "a", ""]]),
        SampleStream("an unfinished line is never dispatched", "data: a\n\ndata: b", [["message", "a", ""]]),
        SampleStream("retry takes digits", "retry: 1500\n\n", [], retry: 1500),
        SampleStream("retry applies before its block ends", "retry: 7\n", [], retry: 7),
        SampleStream(
            "retry takes nothing but digits",
            "retry: 1\nretry: -2\nretry: 3s\nretry: 4.5\nretry: +6\nretry:\nretry\nretry:  7\nretry: ٣\n\n", [],
            retry: 1),
        SampleStream("retry beyond any number is ignored", "retry: 5\nretry: 99999999999999999999\n\n", [], retry: 5),
        SampleStream("comments are ignored", ": hi\n:\n:data: x\ndata: a\n: b\n\n", [["message", "a", ""]]),
        SampleStream("unknown fields are ignored", "foo: a\nData: b\ndatax: c\n data: d\ndata : e\n\n", []),
        SampleStream("names are compared by their bytes", "dat\u{61}\u{301}: x\ndata: y\n\n", [["message", "y", ""]]),
        SampleStream("a leading BOM is dropped", "\u{FEFF}data: a\n\n", [["message", "a", ""]]),
        SampleStream("only one BOM is dropped", "\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [["message", "b", ""]]),
        SampleStream(
            "a later BOM is text", "data: a\n\n\u{FEFF}data: b\ndata: \u{FEFF}c\n\n",
            [
                ["message", "a", ""], ["message", "\u{FEFF}c", ""],
            ]),
        SampleStream("empty lines alone are nothing", "\n\r\n\r\n\n", []),
        SampleStream("an empty stream is nothing", "", []),
        SampleStream("a BOM alone is nothing", "\u{FEFF}", []),
        SampleStream("text of every length in UTF-8", "event: é\nid: 漢\ndata: aé漢😀\n\n", [["é", "aé漢😀", "漢"]]),
        SampleStream(
            "what is not UTF-8 is replaced", Array("data: a".utf8) + [0xFF, 0xC3] + Array("b\n\n".utf8),
            [
                ["message", "a\u{FFFD}\u{FFFD}b", ""]
            ]),
        SampleStream(
            "a character that its line cuts off is replaced",
            Array("data: a".utf8) + [0xF0, 0x9F] + Array("\n\n".utf8),
            [["message", "a\u{FFFD}", ""]]),
        SampleStream(
            "a line longer than a word of the machine", "data: 0123456789abcdef0123456789abcdef\n\n",
            [
                ["message", "0123456789abcdef0123456789abcdef", ""]
            ]),
    ]
}
