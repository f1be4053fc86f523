import MartletEventStream
import NIOCore

@testable import MartletCore

/// A peer that reads when the test says so, and remembers what it read.
// Used on the thread that runs the stepped loops.
final class FakeSink: EventSink {
    private(set) var events: [EventStreamParser.Event] = []
    private(set) var bytes = ByteBuffer()
    private(set) var writeCount = 0
    private(set) var flushCount = 0
    /// How many frames the peer takes before it is slow again; nil for all.
    var room: Int?
    private(set) var hasEnded = false
    private(set) var wasAborted = false
    /// The peer is gone at the next flush.
    var breaksAtFlush = false
    var subscriber: Subscriber?
    var keepsBytes = false
    private var parser: EventStreamParser

    init(lastEventID: String = "", room: Int? = nil) {
        parser = EventStreamParser(lastEventID: lastEventID)
        self.room = room
    }

    var lastEventID: String { parser.lastEventID }
    var isOpen: Bool { !hasEnded && !wasAborted }
    var reconnectionTime: Duration? { parser.reconnectionTime }

    func write(_ frame: EventFrame) {
        guard isOpen else { return }
        writeCount += 1
        if keepsBytes { bytes.writeImmutableBuffer(frame.payload) }
        // What the encoder wrote is within the parser's limits.
        events += (try? parser.feed(frame.payload)) ?? []
        if let room { self.room = max(0, room - 1) }
    }

    func flush() {
        flushCount += 1
        if breaksAtFlush, isOpen { leave() }
    }

    var isWritable: Bool { room != 0 }
    func end() { hasEnded = true }
    func abort() { wasAborted = true }

    /// The peer reads: so many frames, or all.
    func read(_ frames: Int? = nil) {
        room = frames
        if isOpen { subscriber?.becameWritable() }
    }

    /// The peer goes away.
    func leave() {
        wasAborted = true
        subscriber?.left()
    }

    func texts(_ name: String = "message") -> [String] { events.filter { $0.event == name }.map(\.data) }
    var names: [String] { events.map(\.event) }
}
