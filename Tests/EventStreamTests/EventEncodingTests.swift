import MartletEventStream
import NIOCore
import Testing

/// What a server writes (WHATWG HTML, section 9.2).
@Suite struct EventEncodingTests {
    private func wire(_ event: ServerSentEvent) throws -> String {
        var buffer = ByteBuffer()
        try buffer.writeServerSentEvent(event)
        return String(buffer: buffer)
    }

    @Test(arguments: [
        (ServerSentEvent(data: "hi"), "data: hi\n\n"),
        (ServerSentEvent(data: ""), "data: \n\n"),
        (ServerSentEvent(data: "a\nb"), "data: a\ndata: b\n\n"),
        (ServerSentEvent(data: "a\rb"), "data: a\ndata: b\n\n"),
        (ServerSentEvent(data: "a\r\nb"), "data: a\ndata: b\n\n"),
        (ServerSentEvent(data: "a\n\rb"), "data: a\ndata: \ndata: b\n\n"),
        (ServerSentEvent(data: "a\n\nb\n"), "data: a\ndata: \ndata: b\ndata: \n\n"),
        (ServerSentEvent(data: "\r\n"), "data: \ndata: \n\n"),
        (
            ServerSentEvent(data: "x\n\nevent: forged\ndata: y"),
            "data: x\ndata: \ndata: event: forged\ndata: data: y\n\n"
        ),
        (ServerSentEvent(data: " a: b"), "data:  a: b\n\n"),
        (ServerSentEvent(data: "漢😀"), "data: 漢😀\n\n"),
        (ServerSentEvent(event: "tick", data: "1"), "event: tick\ndata: 1\n\n"),
        (ServerSentEvent(event: "", data: "1"), "event: \ndata: 1\n\n"),
        (ServerSentEvent(data: "1", id: "7"), "data: 1\nid: 7\n\n"),
        (ServerSentEvent(id: ""), "id: \n\n"),
        (ServerSentEvent(retry: .seconds(3)), "retry: 3000\n\n"),
        (ServerSentEvent(retry: .zero), "retry: 0\n\n"),
        (ServerSentEvent(retry: .microseconds(1999)), "retry: 1\n\n"),
        (ServerSentEvent(retry: .milliseconds(2_147_483_647)), "retry: 2147483647\n\n"),
        (ServerSentEvent(data: "hi", isCompressible: false), "data: hi\n\n"),
        (ServerSentEvent(comment: "hi"), ": hi\n\n"),
        (ServerSentEvent(comment: "a\r\nb\rdata: c"), ": a\n: b\n: data: c\n\n"),
        (
            ServerSentEvent(event: "e", data: "d", id: "i", retry: .milliseconds(5), comment: "c"),
            ": c\nevent: e\ndata: d\nid: i\nretry: 5\n\n"
        ),
        (ServerSentEvent(), "\n"),
    ])
    func `an event is written as its block`(event: ServerSentEvent, expected: String) throws {
        #expect(try wire(event) == expected)
    }

    @Test(arguments: [
        (ServerSentEvent(event: "a\nb"), EventEncodingError.lineBreakInEventName),
        (ServerSentEvent(event: "a\r"), .lineBreakInEventName),
        (ServerSentEvent(event: "a\r\ndata: x"), .lineBreakInEventName),
        (ServerSentEvent(id: "1\n2"), .lineBreakInID),
        (ServerSentEvent(id: "\r"), .lineBreakInID),
        (ServerSentEvent(id: "1\r\n"), .lineBreakInID),
        (ServerSentEvent(id: "1\0"), .nullInID),
        (ServerSentEvent(retry: .milliseconds(-1)), .retryOutOfRange(.milliseconds(-1))),
        (ServerSentEvent(retry: .milliseconds(2_147_483_648)), .retryOutOfRange(.milliseconds(2_147_483_648))),
    ])
    func `what the wire cannot carry throws and writes nothing`(event: ServerSentEvent, error: EventEncodingError) {
        var event = event
        event.data = "data"
        var buffer = ByteBuffer(string: "before")
        #expect(throws: error) { try buffer.writeServerSentEvent(event) }
        #expect(String(buffer: buffer) == "before")
    }

    @Test func `events follow one another in one buffer`() throws {
        var buffer = ByteBuffer()
        try buffer.writeServerSentEvent(ServerSentEvent(data: "1"))
        try buffer.writeServerSentEvent(ServerSentEvent(data: "2"))
        #expect(String(buffer: buffer) == "data: 1\n\ndata: 2\n\n")
    }
}
