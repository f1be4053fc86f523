/// What lines are read with: single bytes, text, and a copy that outlives the bytes fed.
extension RawSpan {
    /// Traps outside the span, as a subscript would.
    func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The text, each ill-formed sequence replaced by U+FFFD as the Encoding standard's UTF-8 decoder does.
    var decoded: String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// Contiguous because only there, not in `Array`, the span of the bytes is older than macOS 26.
extension ContiguousArray<UInt8> {
    mutating func append(copying bytes: RawSpan) {
        bytes.withUnsafeBytes { append(contentsOf: $0) }
    }
}
