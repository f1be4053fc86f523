import Martlet
import NIOCore

/// Encoding and parsing events of 100 bytes.
enum EventCosts {
    static func measure() throws {
        let event = ServerSentEvent(
            event: "message", data: String(repeating: "x", count: 62), id: "1234567890")
        var buffer = ByteBuffer()
        try buffer.writeServerSentEvent(event)
        let bytes = buffer.readableBytes
        let encoding = try Measurement.of {
            buffer.clear()
            try buffer.writeServerSentEvent(event)
        }
        report("event_encoding", "martlet", encoding, bytes: bytes)

        // What is written by hand in the examples of frameworks that have no encoder: it forges events for whom it lets.
        let interpolation = Measurement.of {
            use(ByteBuffer(string: "event: message\nid: \(event.id ?? "")\ndata: \(event.data ?? "")\n\n"))
        }
        report("event_encoding", "interpolation", interpolation, bytes: bytes)

        let wire = ByteBuffer(repeating: buffer.readableBytesView, count: 160)
        var parser = EventStreamParser()
        let parsing = try Measurement.of { use(try parser.feed(wire)) }
        report("event_parsing", "martlet", parsing / 160, bytes: bytes)
    }
}

extension ByteBuffer {
    fileprivate init(repeating bytes: ByteBufferView, count: Int) {
        self.init()
        for _ in 0..<count { writeBytes(bytes) }
    }
}
