/// JSON (RFC 8259) in which every name of an object stands once, as RFC 7515 section 4 asks for: of two readers that take
/// different ones of two, each would see another token.
enum StrictJSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([StrictJSON])
    case object([String: Member])

    struct Member: Sendable, Equatable {
        let value: StrictJSON
        /// Where the value stands in the bytes that were read.
        let place: Range<Int>
    }

    /// - Returns: nil for what is no JSON, has a name twice, or more than 16 levels.
    init?(_ bytes: [UInt8]) {
        // Once for all texts in it.
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = StrictJSONReader(bytes: bytes)
        guard let value = reader.value(level: 0), reader.isAtEnd else { return nil }
        self = value
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var object: [String: Member]? { if case .object(let members) = self { members } else { nil } }

    /// Texts, or one as a list of one; nil for anything else.
    var texts: [String]? {
        switch self {
        case .text(let text): return [text]
        case .array(let values):
            let texts = values.compactMap(\.text)
            return texts.count == values.count ? texts : nil
        default: return nil
        }
    }
}

private struct StrictJSONReader {
    let bytes: [UInt8]
    private var index = 0
    private static let maximumLevels = 16

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return index == bytes.count
        }
    }

    mutating func value(level: Int) -> StrictJSON? {
        skipBlanks()
        guard level < Self.maximumLevels, index < bytes.count else { return nil }
        switch bytes[index] {
        case UInt8(ascii: "{"): return object(level: level)
        case UInt8(ascii: "["): return array(level: level)
        case UInt8(ascii: "\""): return text().map { .text($0) }
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        default: return number().map { .number($0) }
        }
    }

    private mutating func object(level: Int) -> StrictJSON? {
        index += 1
        var members: [String: StrictJSON.Member] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard let name = text(), members[name] == nil else { return nil }
            skipBlanks()
            guard take(":") else { return nil }
            skipBlanks()
            let start = index
            guard let value = value(level: level + 1) else { return nil }
            members[name] = StrictJSON.Member(value: value, place: start..<index)
            skipBlanks()
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(level: Int) -> StrictJSON? {
        index += 1
        var values: [StrictJSON] = []
        skipBlanks()
        if take("]") { return .array(values) }
        repeat {
            guard let value = value(level: level + 1) else { return nil }
            values.append(value)
            skipBlanks()
        } while take(",")
        return take("]") ? .array(values) : nil
    }

    private mutating func text() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escaped() else { return nil }
                text += Array(String(scalar).utf8)
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// What stands behind a backslash.
    private mutating func escaped() -> Unicode.Scalar? {
        guard index < bytes.count else { return nil }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { return nil }
            guard (0xd800..<0xdc00).contains(unit) else { return Unicode.Scalar(unit) }
            guard take("\\u"), let low = codeUnit(), (0xdc00..<0xe000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
        default: return nil
        }
    }

    private mutating func codeUnit() -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var unit = UInt32(0)
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        index += 4
        return unit
    }

    private mutating func number() -> Double? {
        let start = index
        _ = take("-")
        // No zeros before others.
        guard take("0") || digits() else { return nil }
        if take(".") { guard digits() else { return nil } }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard digits() else { return nil }
        }
        guard let number = Double(String(decoding: bytes[start..<index], as: UTF8.self)), number.isFinite else {
            return nil
        }
        return number
    }

    /// At least one.
    private mutating func digits() -> Bool {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        return index > start
    }

    private mutating func take(_ token: StaticString) -> Bool {
        let taken = token.withUTF8Buffer { token in bytes[index...].starts(with: token) ? token.count : 0 }
        index += taken
        return taken > 0
    }

    private mutating func skipBlanks() {
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { index += 1 }
    }
}
