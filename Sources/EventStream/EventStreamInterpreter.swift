/// The buffers of WHATWG HTML, section 9.2.6 "Interpreting an event stream", and what each line does to them.
struct EventStreamInterpreter: Sendable {
    private(set) var lastEventID: String
    private(set) var reconnectionTime: Duration?

    private let maximumEventBytes: Int
    /// Undecoded: a line ends in ASCII, so decoding the whole at dispatch gives what decoding the stream would.
    private var data: ContiguousArray<UInt8> = []
    private var eventType = ""
    private var lastEventIDBuffer: String

    init(maximumEventBytes: Int, lastEventID: String) {
        self.maximumEventBytes = maximumEventBytes
        self.lastEventID = lastEventID
        lastEventIDBuffer = lastEventID
    }

    /// Takes one line without its line end; returns the event that an empty one dispatches.
    mutating func interpret(_ line: RawSpan) throws(EventStreamParserError) -> EventStreamParser.Event? {
        if line.isEmpty {
            return dispatch()
        }
        // Names are compared whole and with their case. A comment has the empty name, so it matches none.
        if let value = line.valueOffset(of: "data") {
            try appendData(line.extracting(value..<line.byteCount))
        } else if let value = line.valueOffset(of: "event") {
            eventType = line.extracting(value..<line.byteCount).decoded
        } else if let value = line.valueOffset(of: "id") {
            setID(line.extracting(value..<line.byteCount))
        } else if let value = line.valueOffset(of: "retry") {
            setRetry(line.extracting(value..<line.byteCount))
        }
        return nil
    }

    private mutating func dispatch() -> EventStreamParser.Event? {
        lastEventID = lastEventIDBuffer
        defer { eventType = "" }
        guard !data.isEmpty else { return nil }
        defer { data.removeAll(keepingCapacity: true) }
        return EventStreamParser.Event(
            event: eventType.isEmpty ? "message" : eventType,
            data: data.span.bytes.extracting(droppingLast: 1).decoded,
            lastEventID: lastEventID
        )
    }

    private mutating func appendData(_ value: RawSpan) throws(EventStreamParserError) {
        // What is there already ends in the LF that joins it to this line; the LF after this line may yet be dropped.
        guard value.byteCount <= maximumEventBytes - data.count else {
            throw .eventTooLarge(limit: maximumEventBytes)
        }
        data.append(copying: value)
        data.append(.lineFeed)
    }

    private mutating func setID(_ value: RawSpan) {
        for offset in value.byteOffsets where value.byte(at: offset) == 0 {
            return
        }
        lastEventIDBuffer = value.decoded
    }

    private mutating func setRetry(_ value: RawSpan) {
        guard !value.isEmpty else { return }
        var milliseconds: Int64 = 0
        for offset in value.byteOffsets {
            guard let digit = value.byte(at: offset).decimalDigit else { return }
            let (shifted, overflows) = milliseconds.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = shifted.addingReportingOverflow(digit)
            if overflows || overflowsToo { return }
            milliseconds = sum
        }
        reconnectionTime = .milliseconds(milliseconds)
    }
}

extension RawSpan {
    /// Where the value begins if this line is the field `name`: at its end without a colon, else behind one space.
    fileprivate func valueOffset(of name: StaticString) -> Int? {
        let colon = name.utf8CodeUnitCount
        guard byteCount >= colon else { return nil }
        for offset in 0..<colon where byte(at: offset) != name.utf8Start[offset] {
            return nil
        }
        if byteCount == colon { return colon }
        guard byte(at: colon) == UInt8(ascii: ":") else { return nil }
        let value = colon + 1
        return value < byteCount && byte(at: value) == UInt8(ascii: " ") ? value + 1 : value
    }
}

extension UInt8 {
    fileprivate var decimalDigit: Int64? {
        let digit = self &- UInt8(ascii: "0")
        return digit < 10 ? Int64(digit) : nil
    }
}
