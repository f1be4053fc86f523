public import NIOCore

/// Turns the bytes of an event stream, however the network split them, into the events that a client dispatches.
///
/// Follows the WHATWG HTML standard, sections 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream".
/// A block that the stream's end leaves unfinished is never returned. Memory stays within a small multiple of the limits.
public struct EventStreamParser: Sendable {
    /// An event as a listener sees it.
    public struct Event: Sendable, Hashable {
        /// The type; `message` where the stream names none.
        public var event: String
        /// The `data` lines joined by LF.
        public var data: String
        /// The last event ID string at the time of dispatch; empty while there is none.
        public var lastEventID: String

        /// An event made by hand: nothing is checked. The parser makes its own.
        public init(event: String, data: String, lastEventID: String) {
            self.event = event
            self.data = data
            self.lastEventID = lastEventID
        }
    }

    /// The last event ID string: set when a block ends, kept until the stream sets another.
    public var lastEventID: String { interpreter.lastEventID }

    /// The last valid `retry`, in whole milliseconds; not bounded, so a client clamps it.
    public var reconnectionTime: Duration? { interpreter.reconnectionTime }

    /// What the parser failed on; from then on ``feed(_:)-(ByteBuffer)`` throws it.
    public private(set) var failure: EventStreamParserError?

    private let maximumLineBytes: Int
    private var interpreter: EventStreamInterpreter
    /// The line whose end has not been seen.
    private var partialLine: ContiguousArray<UInt8> = []
    private var isFirstLine = true
    /// An LF at the start of the next bytes belongs to a line already taken.
    private var endedInCarriageReturn = false

    /// - Parameters:
    ///   - maximumLineBytes: the longest line, in bytes without its line end.
    ///   - maximumEventBytes: the largest data of one event, in bytes as received.
    ///   - lastEventID: the last event ID string to begin with. The standard begins with an empty one; browsers carry
    ///     theirs over to the stream of a new connection.
    public init(maximumLineBytes: Int = 1 << 20, maximumEventBytes: Int = 4 << 20, lastEventID: String = "") {
        self.maximumLineBytes = maximumLineBytes
        interpreter = EventStreamInterpreter(maximumEventBytes: maximumEventBytes, lastEventID: lastEventID)
    }

    /// Feeds the next bytes of the stream and returns the events that they complete, in order.
    ///
    /// Events completed ahead of a failure are returned and the error is thrown by the next call, so how the network
    /// split the bytes never decides what is delivered; ``failure`` is set at once.
    ///
    /// - Throws: ``EventStreamParserError`` when a limit is exceeded, and at every call from then on.
    public mutating func feed(_ bytes: ByteBuffer) throws(EventStreamParserError) -> [Event] {
        try feed(bytes.readableBytesSpan)
    }

    /// Feeds the next bytes of the stream from memory that the parser does not keep.
    ///
    /// - Throws: ``EventStreamParserError`` as for a `ByteBuffer`.
    public mutating func feed(_ bytes: RawSpan) throws(EventStreamParserError) -> [Event] {
        if let failure { throw failure }
        var events: [Event] = []
        do throws(EventStreamParserError) {
            try takeLines(of: bytes, into: &events)
        } catch {
            failure = error
            if events.isEmpty { throw error }
        }
        return events
    }

    private mutating func takeLines(of bytes: RawSpan, into events: inout [Event]) throws(EventStreamParserError) {
        guard !bytes.isEmpty else { return }
        var start = endedInCarriageReturn && bytes.byte(at: 0) == .lineFeed ? 1 : 0
        endedInCarriageReturn = bytes.byte(at: bytes.byteCount - 1) == .carriageReturn
        while let lineBreak = bytes.firstLineBreak(from: start) {
            if let event = try takeLine(endingIn: bytes.extracting(start..<lineBreak)) {
                events.append(event)
            }
            start = bytes.startOfLine(after: lineBreak)
        }
        try keepPartialLine(bytes.extracting(start..<bytes.byteCount))
    }

    private mutating func takeLine(endingIn bytes: RawSpan) throws(EventStreamParserError) -> Event? {
        if partialLine.isEmpty {
            guard bytes.byteCount <= maximumLineBytes else { throw .lineTooLong(limit: maximumLineBytes) }
            return try interpret(bytes)
        }
        try keepPartialLine(bytes)
        // Taken out of self, so that the line can be read while self changes, and put back for its storage.
        var line: ContiguousArray<UInt8> = []
        swap(&line, &partialLine)
        defer {
            line.removeAll(keepingCapacity: true)
            swap(&line, &partialLine)
        }
        return try interpret(line.span.bytes)
    }

    private mutating func keepPartialLine(_ bytes: RawSpan) throws(EventStreamParserError) {
        guard bytes.byteCount <= maximumLineBytes - partialLine.count else {
            throw .lineTooLong(limit: maximumLineBytes)
        }
        partialLine.append(copying: bytes)
    }

    private mutating func interpret(_ line: RawSpan) throws(EventStreamParserError) -> Event? {
        let hasByteOrderMark = isFirstLine && line.startsWithByteOrderMark
        isFirstLine = false
        return try interpreter.interpret(hasByteOrderMark ? line.extracting(droppingFirst: 3) : line)
    }
}

extension RawSpan {
    fileprivate var startsWithByteOrderMark: Bool {
        byteCount >= 3 && byte(at: 0) == 0xEF && byte(at: 1) == 0xBB && byte(at: 2) == 0xBF
    }
}
