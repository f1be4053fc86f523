/// The path of a request, each segment percent-decoded once.
///
/// A path with nothing to decode is kept as it came. In one that was decoded, a slash may be part of a segment (`%2F`), so
/// NUL, which no path may contain, stands for the slashes between segments.
struct DecodedPath {
    private(set) var text: String
    let separator: UInt8

    init(_ path: String) throws(PathDecodingError) {
        var path = path
        let (hasEscape, hasNUL) = path.withUTF8 { bytes in
            // No early exit and no branch, so that the loop is done in vectors.
            var (escapes, nuls): (UInt8, UInt8) = (0, 0)
            for byte in bytes {
                escapes |= byte == UInt8(ascii: "%") ? 1 : 0
                nuls |= byte == 0 ? 1 : 0
            }
            return (escapes != 0, nuls != 0)
        }
        guard !hasNUL else { throw PathDecodingError(reason: .nul) }
        text = hasEscape ? try Self.decode(path) : path
        separator = hasEscape ? 0 : UInt8(ascii: "/")
    }

    /// Calls `body` with the segments, which are not to outlive the call.
    mutating func withSegments<Result>(_ body: (PathSegments) -> Result) -> Result {
        text.withUTF8 { [separator] bytes in body(PathSegments(bytes: bytes, separator: separator)) }
    }

    private static func decode(_ path: String) throws(PathDecodingError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(path.utf8.count)
        var bytes = path.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "/"): decoded.append(0)
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(hexadecimal), let low = bytes.next().flatMap(hexadecimal) else {
                    throw PathDecodingError(reason: .malformedEscape)
                }
                guard high | low != 0 else { throw PathDecodingError(reason: .nul) }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw PathDecodingError(reason: .notUTF8) }
        return text
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
