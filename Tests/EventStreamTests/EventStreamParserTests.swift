import MartletEventStream
import NIOCore
import Testing

/// WHATWG HTML, sections 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream".
@Suite struct EventStreamParserTests {
    @Test(arguments: SampleStream.all)
    func `a stream is read as the standard says`(sample: SampleStream) throws {
        var parser = EventStreamParser()
        let events = try parser.feed(ByteBuffer(bytes: sample.bytes))
        #expect(events.map(\.members) == sample.events)
        #expect(parser.reconnectionTime == sample.retry.map { .milliseconds($0) })
        if let id = sample.lastEventID { #expect(parser.lastEventID == id) }
    }

    @Test(arguments: SampleStream.all)
    func `the reference of the random tests reads it so too`(sample: SampleStream) {
        let reference = ReferenceParser(sample.bytes)
        #expect(reference.events.map { [$0.event, $0.data, $0.lastEventID] } == sample.events)
        #expect(reference.reconnectionTime == sample.retry)
        if let id = sample.lastEventID { #expect(reference.lastEventID == id) }
    }

    @Test(arguments: SampleStream.all)
    func `how the network splits a stream changes nothing`(sample: SampleStream) throws {
        for cut in 0...sample.bytes.count {
            var parser = EventStreamParser()
            let first = try parser.feed(ByteBuffer(bytes: sample.bytes[..<cut]))
            let second = try parser.feed(ByteBuffer(bytes: sample.bytes[cut...]))
            #expect((first + second).map(\.members) == sample.events, "cut at \(cut)")
        }
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        for byte in sample.bytes {
            events += try parser.feed(ByteBuffer(bytes: [byte]))
            events += try parser.feed(ByteBuffer())
        }
        #expect(events.map(\.members) == sample.events, "byte by byte")
        #expect(parser.reconnectionTime == sample.retry.map { .milliseconds($0) })
    }

    @Test func `an event is returned with the bytes that complete it`() throws {
        var parser = EventStreamParser()
        #expect(try parser.feed(ByteBuffer(string: "data: a\n")).isEmpty)
        #expect(try parser.feed(ByteBuffer(string: "\n")).count == 1)
        #expect(try parser.feed(ByteBuffer(string: "data: b\r")).isEmpty)
        // The first CR of two line ends is enough: no waiting for an LF that may never come.
        #expect(try parser.feed(ByteBuffer(string: "\r")).count == 1)
        #expect(try parser.feed(ByteBuffer(string: "\ndata: c\n\n")).map(\.data) == ["c"])
    }

    @Test func `a last event id can be carried over from an earlier connection`() throws {
        var parser = EventStreamParser(lastEventID: "41")
        #expect(parser.lastEventID == "41")
        #expect(try parser.feed(ByteBuffer(string: "data: a\n\n")).map(\.lastEventID) == ["41"])
    }

    // MARK: - Limits

    @Test func `a line is as long as its limit and no longer`() throws {
        var parser = EventStreamParser(maximumLineBytes: 10)
        #expect(try parser.feed(ByteBuffer(string: "data: 1234\n\n")).map(\.data) == ["1234"])
        #expect(throws: EventStreamParserError.lineTooLong(limit: 10)) {
            try parser.feed(ByteBuffer(string: "data: 12345\n\n"))
        }
    }

    @Test func `a line without an end fails as soon as it is too long, byte by byte as well`() throws {
        var parser = EventStreamParser(maximumLineBytes: 10)
        for _ in 0..<10 { #expect(try parser.feed(ByteBuffer(string: "x")).isEmpty) }
        #expect(throws: EventStreamParserError.lineTooLong(limit: 10)) { try parser.feed(ByteBuffer(string: "x")) }
    }

    @Test func `the data of an event has a limit, line ends included`() throws {
        var parser = EventStreamParser(maximumEventBytes: 5)
        #expect(try parser.feed(ByteBuffer(string: "data: ab\ndata: cd\n\n")).map(\.data) == ["ab\ncd"])
        #expect(throws: EventStreamParserError.eventTooLarge(limit: 5)) {
            try parser.feed(ByteBuffer(string: "data: ab\ndata: cde\n\n"))
        }
    }

    @Test func `empty data lines count too`() {
        var parser = EventStreamParser(maximumEventBytes: 100)
        #expect(throws: EventStreamParserError.eventTooLarge(limit: 100)) {
            for _ in 0..<1000 { _ = try parser.feed(ByteBuffer(string: "data\n")) }
        }
    }

    @Test func `what was complete before a failure is delivered, then every call fails`() throws {
        var parser = EventStreamParser(maximumLineBytes: 10)
        let events = try parser.feed(ByteBuffer(string: "data: a\n\ndata: much too long\n\ndata: b\n\n"))
        #expect(events.map(\.data) == ["a"])
        #expect(parser.failure == .lineTooLong(limit: 10))
        for _ in 0..<2 {
            #expect(throws: EventStreamParserError.lineTooLong(limit: 10)) {
                try parser.feed(ByteBuffer(string: "data: c\n\n"))
            }
        }
    }
}

extension EventStreamParser.Event {
    var members: [String] { [event, data, lastEventID] }
}
