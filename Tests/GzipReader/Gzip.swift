import CZlib

/// Reads gzip as any client would, to see what Martlet's compression wrote.
package enum Gzip {
    package struct Failure: Error { let code: Int32 }

    /// What the bytes of a whole stream hold.
    ///
    /// - Throws: `Failure` where they do not end with a correct trailer, or go on behind it.
    package static func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        // 16: gzip alone, with its header and trailer checked.
        let started = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw Failure(code: started) }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: 1 << 20)
        var input = bytes
        let code = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END, stream.avail_in == 0 else { throw Failure(code: code) }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
