import MartletCore
import NIOCore

/// The line before a chunk (RFC 9112 section 7.1): its size, and extensions, which are checked and mean nothing here.
///
///     chunk-size *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
///
/// One thing is not taken that the RFC would have taken: blanks right behind the size, since readers differ on whether they
/// belong to it.
struct ChunkLine {
    let size: Int

    /// - Parameter length: of the line at the buffer's front, which is free of control characters but for the tab.
    /// - Throws: 400.
    init(_ buffer: ByteBuffer, length: Int) throws(HTTPError) {
        let bytes = buffer.readableBytesUInt8Span
        var index = 0
        size = try Self.size(bytes, length, &index)
        if index < length, bytes[index] != UInt8(ascii: ";") { throw .malformed("the size of a chunk") }
        while index < length {
            guard bytes[index] == UInt8(ascii: ";"), Self.passExtension(bytes, length, &index) else {
                throw .malformed("a chunk's extension")
            }
        }
    }

    private static func size(_ bytes: Span<UInt8>, _ length: Int, _ index: inout Int) throws(HTTPError) -> Int {
        var size = 0
        while index < length, bytes[index].isHexDigit {
            let byte = bytes[index]
            let digit = byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : (byte | 0x20) - UInt8(ascii: "a") + 10
            guard size >> 59 == 0 else { throw .malformed("the size of a chunk") }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > 0 else { throw .malformed("the size of a chunk") }
        return size
    }

    /// - Parameter index: at the semicolon; afterwards at the next one, or at the end.
    /// - Returns: false for what is no extension.
    private static func passExtension(_ bytes: Span<UInt8>, _ length: Int, _ index: inout Int) -> Bool {
        index += 1
        passBlanks(bytes, length, &index)
        guard passToken(bytes, length, &index) else { return false }
        let nameEnd = index
        passBlanks(bytes, length, &index)
        if index < length, bytes[index] == UInt8(ascii: "=") {
            index += 1
            passBlanks(bytes, length, &index)
            let isQuoted = index < length && bytes[index] == UInt8(ascii: "\"")
            guard isQuoted ? passQuoted(bytes, length, &index) : passToken(bytes, length, &index) else { return false }
            let valueEnd = index
            passBlanks(bytes, length, &index)
            // Blanks stand before a semicolon, and before nothing else.
            return index < length || index == valueEnd
        }
        return index < length || index == nameEnd
    }

    private static func passBlanks(_ bytes: Span<UInt8>, _ length: Int, _ index: inout Int) {
        while index < length, bytes[index].isBlank { index += 1 }
    }

    private static func passToken(_ bytes: Span<UInt8>, _ length: Int, _ index: inout Int) -> Bool {
        let start = index
        while index < length, bytes[index].isTokenCharacter { index += 1 }
        return index > start
    }

    /// RFC 9110 section 5.6.4.
    private static func passQuoted(_ bytes: Span<UInt8>, _ length: Int, _ index: inout Int) -> Bool {
        index += 1
        while index < length {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return false
    }
}
