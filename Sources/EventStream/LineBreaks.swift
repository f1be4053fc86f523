/// The ends of lines in an event stream: CR, LF or CRLF (WHATWG HTML, section 9.2.5).
extension RawSpan {
    /// The offset of the first CR or LF at or after `start`.
    func firstLineBreak(from start: Int) -> Int? {
        var offset = start
        while byteCount - offset >= 8 {
            let word = UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let breaks = (word ^ .everyByte(.carriageReturn)).zeroBytes | (word ^ .everyByte(.lineFeed)).zeroBytes
            if breaks != 0 {
                return offset + breaks.trailingZeroBitCount / 8
            }
            offset += 8
        }
        while offset < byteCount {
            if byte(at: offset).isLineBreak { return offset }
            offset += 1
        }
        return nil
    }

    /// The offset behind the line end that begins at `lineBreak`, both bytes of a CRLF taken together.
    func startOfLine(after lineBreak: Int) -> Int {
        let next = lineBreak + 1
        let isPair = byte(at: lineBreak) == .carriageReturn && next < byteCount && byte(at: next) == .lineFeed
        return isPair ? next + 1 : next
    }
}

extension UInt8 {
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }

    var isLineBreak: Bool { self == .lineFeed || self == .carriageReturn }
}

extension UInt64 {
    fileprivate static func everyByte(_ byte: UInt8) -> UInt64 {
        UInt64(byte) * 0x0101_0101_0101_0101
    }

    /// Marks zero bytes by their high bit; the lowest mark is exact, those above it may be false.
    fileprivate var zeroBytes: UInt64 {
        (self &- 0x0101_0101_0101_0101) & ~self & 0x8080_8080_8080_8080
    }
}
