import MartletCore
import MartletEventStream
import NIOCore

/// A peer that reads when the test says so, and remembers what it read.
// Used on the thread that runs the stepped loops.
package final class FakeSink: EventSink {
    package private(set) var events: [EventStreamParser.Event] = []
    /// For each of the events: which frame brought it, and whether a compressed stream may compress that.
    private(set) var framing: [(frame: Int, isCompressible: Bool)] = []
    package private(set) var bytes = ByteBuffer()
    package private(set) var writeCount = 0
    package private(set) var flushCount = 0
    /// How many frames the peer takes before it is slow again; nil for all.
    package var room: Int?
    package private(set) var hasEnded = false
    package private(set) var wasAborted = false
    private(set) var hasLeft = false
    /// The peer is gone at the next flush.
    package var breaksAtFlush = false
    package var subscriber: Subscriber?
    package var keepsBytes = false
    private var parser: EventStreamParser

    package init(lastEventID: String = "", room: Int? = nil) {
        parser = EventStreamParser(lastEventID: lastEventID)
        self.room = room
    }

    package var id: EventClient.ID { subscriber?.client.id ?? EventClient.ID(rawValue: 0) }
    package var lastEventID: String { parser.lastEventID }
    package var isOpen: Bool { !hasEnded && !wasAborted && !hasLeft }
    package var reconnectionTime: Duration? { parser.reconnectionTime }

    package func write(_ frame: EventFrame) {
        guard isOpen else { return }
        writeCount += 1
        if keepsBytes { bytes.writeImmutableBuffer(frame.payload) }
        // What the encoder wrote is within the parser's limits.
        let read = (try? parser.feed(frame.payload)) ?? []
        events += read
        framing += read.map { _ in (writeCount, frame.isCompressible) }
        if let room { self.room = max(0, room - 1) }
    }

    package func flush() {
        flushCount += 1
        if breaksAtFlush, isOpen { leave() }
    }

    package var isWritable: Bool { room != 0 }
    package func end() { hasEnded = true }
    package func abort() { wasAborted = true }

    /// The peer reads: so many frames, or all.
    package func read(_ frames: Int? = nil) {
        room = frames
        if isOpen { subscriber?.becameWritable() }
    }

    /// The peer goes away.
    package func leave() {
        hasLeft = true
        subscriber?.left()
    }

    package func texts(_ name: String = "message") -> [String] { events.filter { $0.event == name }.map(\.data) }
    package var names: [String] { events.map(\.event) }
}
