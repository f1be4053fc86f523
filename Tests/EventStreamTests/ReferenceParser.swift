/// The parser once more, written straight from the WHATWG HTML standard's sections 9.2.5 and 9.2.6: the whole stream at
/// once, no limits, no concern for speed.
struct ReferenceParser {
    struct Event: Hashable {
        var event: String
        var data: String
        var lastEventID: String
    }

    private(set) var events: [Event] = []
    private(set) var lastEventID = ""
    private(set) var reconnectionTime: Int64?
    private var data = ""
    private var type = ""
    private var idBuffer = ""

    init(_ stream: [UInt8]) {
        for line in Self.lines(of: Self.decode(stream)) { take(line) }
    }

    /// "UTF-8 decode": one leading BOM is not part of the text, what is not UTF-8 is replaced.
    private static func decode(_ bytes: [UInt8]) -> [Unicode.Scalar] {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        var scalars: [Unicode.Scalar] = []
        var codePoint: UInt32 = 0
        var needed = 0
        var seen = 0
        var lower: UInt8 = 0x80
        var upper: UInt8 = 0xBF
        var index = body.startIndex
        // The Encoding standard's UTF-8 decoder, state by state.
        while index < body.endIndex {
            let byte = body[index]
            index += 1
            if needed == 0 {
                switch byte {
                case 0x00...0x7F: scalars.append(Unicode.Scalar(byte))
                case 0xC2...0xDF: (needed, codePoint) = (1, UInt32(byte & 0x1F))
                case 0xE0...0xEF:
                    if byte == 0xE0 { lower = 0xA0 }
                    if byte == 0xED { upper = 0x9F }
                    (needed, codePoint) = (2, UInt32(byte & 0xF))
                case 0xF0...0xF4:
                    if byte == 0xF0 { lower = 0x90 }
                    if byte == 0xF4 { upper = 0x8F }
                    (needed, codePoint) = (3, UInt32(byte & 0x7))
                default: scalars.append("\u{FFFD}")
                }
                continue
            }
            guard (lower...upper).contains(byte) else {
                (codePoint, needed, seen, lower, upper) = (0, 0, 0, 0x80, 0xBF)
                index -= 1
                scalars.append("\u{FFFD}")
                continue
            }
            (lower, upper) = (0x80, 0xBF)
            codePoint = codePoint << 6 | UInt32(byte & 0x3F)
            seen += 1
            if seen == needed {
                scalars.append(Unicode.Scalar(codePoint) ?? "\u{FFFD}")
                (codePoint, needed, seen) = (0, 0, 0)
            }
        }
        if needed > 0 { scalars.append("\u{FFFD}") }
        return scalars
    }

    /// What ends in CRLF, LF or CR; what the stream's end cuts off is no line that could dispatch anything.
    private static func lines(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var line: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            switch text[index] {
            case "\r":
                lines.append(line)
                line = []
                if index + 1 < text.count, text[index + 1] == "\n" { index += 1 }
            case "\n":
                lines.append(line)
                line = []
            default:
                line.append(text[index])
            }
            index += 1
        }
        return lines
    }

    private mutating func take(_ line: [Unicode.Scalar]) {
        if line.isEmpty { return dispatch() }
        guard let colon = line.firstIndex(of: ":") else { return process(text(line[...]), "") }
        guard colon > 0 else { return }
        var value = line[(colon + 1)...]
        if value.first == " " { value = value.dropFirst() }
        process(text(line[..<colon]), text(value))
    }

    private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }

    private mutating func process(_ field: String, _ value: String) {
        // Compared scalar by scalar: Swift's == would take canonically equivalent names for the same.
        switch Array(field.unicodeScalars) {
        case Array("event".unicodeScalars): type = value
        case Array("data".unicodeScalars): data += value + "\n"
        case Array("id".unicodeScalars): if !value.unicodeScalars.contains("\0") { idBuffer = value }
        case Array("retry".unicodeScalars):
            if !value.isEmpty, value.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }), let number = Int64(value)
            {
                reconnectionTime = number
            }
        default: break
        }
    }

    private mutating func dispatch() {
        lastEventID = idBuffer
        if data.isEmpty {
            type = ""
            return
        }
        data.unicodeScalars.removeLast()
        events.append(Event(event: type.isEmpty ? "message" : type, data: data, lastEventID: lastEventID))
        data = ""
        type = ""
    }
}
