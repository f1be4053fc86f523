/// What stands in a header field that holds a URI (RFC 3986).
enum URIReference {
    /// The text as a URI: what may not stand in one is percent-encoded, what is encoded already stays.
    static func encoded(_ text: String) -> String {
        guard !text.utf8.allSatisfy(isAllowed) || text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count + 16)
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count && bytes[index + 1].isHexDigit
                && bytes[index + 2].isHexDigit
            if isAllowed(byte) || isEscape {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Unreserved and reserved characters (section 2).
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:/?#[]@!$&'()*+,;=".utf8.contains(byte)
        }
    }
}

extension String {
    /// True for a path that browsers would take for another host's address: two slashes, or backslashes in their place.
    var mayNameHost: Bool {
        let second = utf8.dropFirst().first
        return second == UInt8(ascii: "/") || second == UInt8(ascii: "\\")
    }
}
