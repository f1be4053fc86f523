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
    private var frameCount = 0
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
    /// Its socket's; nil where it has none, and every frame comes through `write`.
    package internal(set) var number: Int32?
    /// What the socket took past the sink: frames, and those of which it took a part.
    package private(set) var takenCount = 0
    package private(set) var tornCount = 0
    /// Frames that were written and not flushed: nothing may go past them.
    private var unflushed = 0
    /// The part of a frame that the socket took, until the sink has the rest.
    private var torn: (frame: EventFrame, sent: Int)?
    /// Something waits until the peer reads again: nothing may go past it.
    private var isHeldUp = false
    /// What must not happen.
    package private(set) var fault: String?
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
        if torn != nil { fault = "a frame in the middle of another" }
        writeCount += 1
        unflushed += 1
        receive(frame)
    }

    private func receive(_ frame: EventFrame) {
        frameCount += 1
        if keepsBytes { bytes.writeImmutableBuffer(frame.payload) }
        // What the encoder wrote is within the parser's limits.
        let read = (try? parser.feed(frame.payload)) ?? []
        events += read
        framing += read.map { _ in (frameCount, frame.isCompressible) }
        if let room { self.room = max(0, room - 1) }
    }

    package func flush() {
        flushCount += 1
        unflushed = 0
        if breaksAtFlush, isOpen { leave() }
    }

    package var isWritable: Bool { room != 0 }

    package var socket: Int32? { isOpen && unflushed == 0 && !isHeldUp ? number : nil }

    /// The socket is given a frame. The last one that it has room for it takes half of.
    ///
    /// - Returns: how many bytes it took.
    func take(_ frame: EventFrame) -> Int {
        if !isOpen || unflushed > 0 || isHeldUp || torn != nil { fault = "a frame went past others" }
        takenCount += 1
        guard let room, room <= 1 else {
            receive(frame)
            return frame.chunk.readableBytes
        }
        let sent = room == 0 ? 0 : frame.chunk.readableBytes / 2
        torn = (frame, sent)
        tornCount += 1
        return sent
    }

    package func write(_ frame: EventFrame, after sent: Int) {
        guard let torn, torn.frame === frame, torn.sent == sent else {
            fault = "the rest of another frame"
            return
        }
        self.torn = nil
        isHeldUp = true
        receive(frame)
    }
    package func end() { hasEnded = true }
    package func abort() { wasAborted = true }

    /// The peer reads: so many frames, or all.
    package func read(_ frames: Int? = nil) {
        room = frames
        isHeldUp = false
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
