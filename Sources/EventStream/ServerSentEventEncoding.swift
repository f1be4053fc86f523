public import NIOCore

extension ByteBuffer {
    /// Appends the event's block, ended by an empty line; nothing is written when it throws.
    ///
    /// A line break in data or comment starts another line of the same field, so no text can forge a field or an event.
    /// WHATWG HTML, section 9.2.5 "Parsing an event stream".
    ///
    /// - Parameter event: the event; one without members is an empty line, which clients ignore.
    /// - Throws: ``EventEncodingError`` for a name, id or retry that the wire cannot carry.
    public mutating func writeServerSentEvent(_ event: ServerSentEvent) throws(EventEncodingError) {
        try event.validate()
        reserveCapacity(minimumWritableBytes: event.singleLineByteCount)
        if let comment = event.comment {
            writeLines(of: comment, after: ": ")
        }
        if let name = event.event {
            writeLine(name, after: "event: ")
        }
        if let data = event.data {
            writeLines(of: data, after: "data: ")
        }
        if let id = event.id {
            writeLine(id, after: "id: ")
        }
        if let retry = event.retry {
            writeLine(String(retry.wholeMilliseconds), after: "retry: ")
        }
        writeStaticString("\n")
    }

    /// `text` holds no line break.
    private mutating func writeLine(_ text: String, after prefix: StaticString) {
        writeStaticString(prefix)
        writeString(text)
        writeStaticString("\n")
    }

    private mutating func writeLine(_ bytes: RawSpan, after prefix: StaticString) {
        writeStaticString(prefix)
        writeBytes(bytes)
        writeStaticString("\n")
    }

    private mutating func writeLines(of text: String, after prefix: StaticString) {
        var text = text
        text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8).bytes
            var start = 0
            while let lineBreak = bytes.firstLineBreak(from: start) {
                writeLine(bytes.extracting(start..<lineBreak), after: prefix)
                start = bytes.startOfLine(after: lineBreak)
            }
            writeLine(bytes.extracting(start..<bytes.byteCount), after: prefix)
        }
    }
}

extension ServerSentEvent {
    fileprivate func validate() throws(EventEncodingError) {
        if let event, event.utf8.contains(where: \.isLineBreak) {
            throw .lineBreakInEventName
        }
        if let id {
            if id.utf8.contains(where: \.isLineBreak) { throw .lineBreakInID }
            if id.utf8.contains(0) { throw .nullInID }
        }
        if let retry, retry < .zero || retry > .milliseconds(Int32.max) {
            throw .retryOutOfRange(retry)
        }
    }

    /// Room for the whole block unless data or comment has several lines.
    fileprivate var singleLineByteCount: Int {
        let fields = ": \nevent: \nid: \nretry: 2147483647\ndata: \n\n".utf8.count
        let texts = (comment?.utf8.count ?? 0) + (event?.utf8.count ?? 0) + (id?.utf8.count ?? 0)
        return fields + texts + (data?.utf8.count ?? 0)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
