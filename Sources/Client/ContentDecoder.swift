import CZlib
import NIOCore

/// Undoes a content coding piece by piece, so that what was flushed can be read before the stream ends and little that
/// was packed small is never held in full.
enum ContentDecoder {
    case identity(ByteBuffer?)
    case gzip(Inflater)

    /// - Parameter coding: the value of `Content-Encoding`; empty for none.
    init(_ coding: String) throws(EventSourceError) {
        switch coding.lowercased() {
        case "", "identity": self = .identity(nil)
        case "gzip", "x-gzip": self = .gzip(try Inflater())
        default: throw .contentEncoding(coding)
        }
    }

    /// Takes the next bytes received; read them with ``next()`` until it returns `nil`.
    mutating func append(_ bytes: ByteBuffer) {
        switch self {
        case .identity: self = .identity(bytes)
        case .gzip(let inflater): inflater.input = bytes
        }
    }

    mutating func next() throws(EventSourceError) -> ByteBuffer? {
        switch self {
        case .identity(let bytes):
            self = .identity(nil)
            return bytes
        case .gzip(let inflater):
            return try inflater.next()
        }
    }
}

/// RFC 1952 gzip, one member after another, as zlib reads it.
final class Inflater {
    static let pieceBytes = 16_384

    var input = ByteBuffer()
    /// zlib keeps a pointer to this, so it must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var mayHoldOutput = false
    private var atMemberEnd = false

    init() throws(EventSourceError) {
        stream.initialize(to: z_stream())
        // 15 window bits, and 16 for gzip's header and trailer.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw .corruptEncoding
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// At most ``pieceBytes``; `nil` when the input is used up.
    func next() throws(EventSourceError) -> ByteBuffer? {
        while input.readableBytes > 0 || mayHoldOutput {
            if atMemberEnd {
                guard input.readableBytes > 0, inflateReset(stream) == Z_OK else { return nil }
                atMemberEnd = false
            }
            var output = ByteBufferAllocator().buffer(capacity: Self.pieceBytes)
            let status = inflate(into: &output)
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw .corruptEncoding }
            atMemberEnd = status == Z_STREAM_END
            mayHoldOutput = !atMemberEnd && output.readableBytes == Self.pieceBytes
            if output.readableBytes > 0 { return output }
            if status == Z_BUF_ERROR { return nil }
        }
        return nil
    }

    private func inflate(into output: inout ByteBuffer) -> Int32 {
        var status = Z_OK
        var used = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceBytes) { target in
            input.withUnsafeReadableBytes { source in
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(Self.pieceBytes)
                status = CZlib.inflate(stream, Z_NO_FLUSH)
                used = source.count - Int(stream.pointee.avail_in)
            }
            return Self.pieceBytes - Int(stream.pointee.avail_out)
        }
        input.moveReaderIndex(forwardBy: used)
        return status
    }
}
