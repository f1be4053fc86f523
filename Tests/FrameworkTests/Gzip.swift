import CZlib
import NIOCore

/// Reads gzip, to see what the compression wrote.
enum Gzip {
    struct Failure: Error { let code: Int32 }

    static func decompressed(_ body: ByteBuffer) throws -> ByteBuffer {
        var stream = z_stream()
        let started = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw Failure(code: started) }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: 1 << 20)
        var input = Array(body.readableBytesView)
        let code = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END else { throw Failure(code: code) }
        return ByteBuffer(bytes: output.prefix(Int(stream.total_out)))
    }
}
