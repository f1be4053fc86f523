/// The bytes of a ``DecodedPath``, read segment by segment.
///
/// A position is the index of the separator before a segment, or the end. The path `/` has no segment, `/a/` has two.
struct PathSegments {
    let bytes: UnsafeBufferPointer<UInt8>
    let separator: UInt8

    /// Before the first segment; nil for what is no path, such as the `*` of `OPTIONS *`.
    var start: Int? {
        guard bytes.first == separator else { return nil }
        return bytes.count == 1 ? bytes.count : 0
    }

    var end: Int { bytes.count }

    struct Segment {
        let bytes: Range<Int>
        let hash: SegmentHash
    }

    /// The segment at a position, which is not the end.
    func segment(at position: Int) -> Segment {
        var hash = SegmentHash()
        var index = position + 1
        while index < bytes.count, bytes[index] != separator {
            hash.combine(bytes[index])
            index += 1
        }
        return Segment(bytes: position + 1..<index, hash: hash)
    }

    /// All that follows a position; nothing follows the end.
    func rest(at position: Int) -> Range<Int> { min(position + 1, end)..<end }

    /// Whether text to be captured has `.` or `..` between slashes, encoded ones included.
    func climbs(_ range: Range<Int>) -> Bool {
        var (length, dots) = (0, 0)
        for index in range {
            let byte = bytes[index]
            if byte == UInt8(ascii: "/") || byte == separator {
                if length == dots, 1...2 ~= length { return true }
                (length, dots) = (0, 0)
            } else {
                length += 1
                dots += byte == UInt8(ascii: ".") ? 1 : 0
            }
        }
        return length == dots && 1...2 ~= length
    }

    /// The text of a segment, or of several with slashes between them.
    func text(_ range: Range<Int>) -> String {
        let slice = bytes[range]
        guard separator == 0 else { return String(decoding: slice, as: UTF8.self) }
        return String(decoding: slice.map { $0 == 0 ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
    }
}

/// A quick hash of a segment's bytes.
///
/// It need not resist collisions made on purpose: the keys are the routes, a request only probes.
struct SegmentHash {
    private var state: UInt64 = 0

    /// Rotating by 9 keeps seven bytes in a row apart; the multiplication in ``value(under:)`` does the mixing.
    mutating func combine(_ byte: UInt8) { state = (state << 9 | state >> 55) ^ UInt64(byte) }

    /// The hash of the segment as a child of the node with this number.
    func value(under parent: Int) -> UInt32 {
        let mixed = (state ^ UInt64(truncatingIfNeeded: parent) &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}
