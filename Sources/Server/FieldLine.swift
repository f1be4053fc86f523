import HTTPTypes
import MartletCore
import NIOCore

/// Where the name and the value of a header field stand in its line (RFC 9112 section 5).
struct FieldLine {
    /// Offsets from the buffer's reader index.
    let name: Range<Int>
    let value: Range<Int>
    /// True where the name has an underscore, which gateways like CGI cannot tell from a hyphen.
    let hasUnderscore: Bool
    let nameHash: FieldNameHash

    /// - Parameter length: of the line at the buffer's front, which is free of control characters.
    /// - Throws: 400 for what is no field, a folded line included.
    init(_ buffer: ByteBuffer, length: Int) throws(HTTPError) {
        let bytes = buffer.readableBytesUInt8Span
        var colon = 0
        var hasUnderscore = false
        var hash = FieldNameHash()
        while colon < length, bytes[colon].isTokenCharacter {
            if bytes[colon] == UInt8(ascii: "_") { hasUnderscore = true }
            hash.combine(bytes[colon])
            colon += 1
        }
        self.hasUnderscore = hasUnderscore
        nameHash = hash
        guard colon > 0, colon < length, bytes[colon] == UInt8(ascii: ":") else {
            throw .malformed("a header field's name")
        }
        var start = colon + 1
        var end = length
        while start < end, bytes[start].isBlank { start += 1 }
        while end > start, bytes[end - 1].isBlank { end -= 1 }
        name = 0..<colon
        value = start..<end
    }
}

extension FieldLine {
    /// The field's name as a value, and what it means to the connection.
    func name(in buffer: ByteBuffer) throws(HTTPError) -> (HTTPField.Name, FieldRole) {
        if let known = KnownFieldNames.shared.find(name, in: buffer, hash: nameHash) { return known }
        guard let name = HTTPField.Name(buffer.text(name)) else { throw .malformed("a header field's name") }
        return (name, FieldRole(name))
    }
}

extension UInt8 {
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// RFC 9110 section 5.6.2.
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "!"),
            UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension ByteBuffer {
    /// The text at offsets from the reader index.
    func text(_ range: Range<Int>) -> String {
        getString(at: readerIndex + range.lowerBound, length: range.count) ?? ""
    }
}
