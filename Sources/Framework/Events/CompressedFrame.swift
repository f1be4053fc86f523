import CZlib
import NIOCore
import Synchronization

/// A frame as it stands in a gzip stream (RFC 1952): one or more deflate blocks that refer to nothing before them and end
/// at a byte, so that every client can be given the same ones, wherever it joined.
package struct CompressedFrame: Sendable {
    package let blocks: ByteBuffer
    /// The same as a chunk of HTTP/1.1's chunked coding.
    package let chunk: ByteBuffer
    /// Of the bytes before compression.
    let checksum: UInt32
    let length: Int
    /// What puts this frame's checksum behind another's, computed once for all clients.
    let combination: UInt

    /// What it takes of memory.
    var byteCount: Int { chunk.storageCapacity }

    fileprivate init(blocks: ByteBuffer, of payload: ByteBuffer) {
        var chunk = ByteBufferAllocator().buffer(capacity: blocks.readableBytes + 12)
        chunk.writeString(String(blocks.readableBytes, radix: 16) + "\r\n")
        chunk.writeImmutableBuffer(blocks)
        chunk.writeStaticString("\r\n")
        self.chunk = chunk
        // A slice, so that the bytes are there once.
        let start = chunk.writerIndex - 2 - blocks.readableBytes
        self.blocks = chunk.getSlice(at: start, length: blocks.readableBytes) ?? blocks
        length = payload.readableBytes
        checksum = payload.withUnsafeReadableBytes { bytes in
            UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
        }
        combination = UInt(crc32_combine_gen(numericCast(length)))
    }

    /// As stored blocks (RFC 1951 section 3.2.4): nothing about the content shows in the length.
    init(storing payload: ByteBuffer) {
        var blocks = ByteBufferAllocator().buffer(capacity: payload.readableBytes + 16)
        var rest = payload
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(rest.readableBytes, 0xffff)) {
            let length = UInt16(piece.readableBytes)
            blocks.writeInteger(0 as UInt8)
            blocks.writeInteger(length, endianness: .little)
            blocks.writeInteger(~length, endianness: .little)
            blocks.writeImmutableBuffer(piece)
        }
        self.init(blocks: blocks, of: payload)
    }
}

/// Deflates the frames of one event loop, one at a time.
package final class FrameDeflater: Sendable {
    // The stream's memory is zlib's and is touched under the lock only.
    private struct Stream: @unchecked Sendable {
        var stream = z_stream()
        var isReady = false
    }
    private let stream = Mutex(Stream())

    init() {}

    deinit { stream.withLock { if $0.isReady { deflateEnd(&$0.stream) } } }

    /// The payload in blocks of its own; stored where zlib cannot.
    func deflate(_ payload: ByteBuffer) -> CompressedFrame {
        stream.withLock { state in
            if !state.isReady {
                // Raw deflate (no header); a small window is enough for events.
                let status = deflateInit2_(
                    &state.stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                    Int32(MemoryLayout<z_stream>.size))
                guard status == Z_OK else { return CompressedFrame(storing: payload) }
                state.isReady = true
            }
            deflateReset(&state.stream)
            // A full flush adds an empty block.
            let bound = Int(deflateBound(&state.stream, UInt(payload.readableBytes))) + 16
            var output = ByteBufferAllocator().buffer(capacity: bound)
            var isComplete = false
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
                payload.withUnsafeReadableBytes { source in
                    state.stream.next_in = UnsafeMutablePointer(
                        mutating: source.bindMemory(to: UInt8.self).baseAddress)
                    state.stream.avail_in = UInt32(source.count)
                    state.stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                    state.stream.avail_out = UInt32(target.count)
                    let status = MartletZlib.deflate(&state.stream)
                    isComplete = status == Z_OK && state.stream.avail_in == 0 && state.stream.avail_out > 0
                }
                return Int(state.stream.total_out)
            }
            return isComplete ? CompressedFrame(blocks: output, of: payload) : CompressedFrame(storing: payload)
        }
    }
}

private enum MartletZlib {
    /// The method of `FrameDeflater` would hide zlib's function.
    static func deflate(_ stream: inout z_stream) -> Int32 { CZlib.deflate(&stream, Z_FULL_FLUSH) }
}

/// One client's gzip stream: its header, and what its trailer will say. The blocks between are everybody's.
package struct GzipEnvelope: Sendable {
    private var checksum: UInt32 = 0
    private var length: UInt32 = 0

    package init() {}

    /// RFC 1952 section 2.3: no name, no time, an unknown system.
    package static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]

    /// Takes a frame into account that was written.
    package mutating func add(_ frame: CompressedFrame) {
        checksum = UInt32(
            truncatingIfNeeded: crc32_combine_op(UInt(checksum), UInt(frame.checksum), frame.combination))
        length &+= UInt32(truncatingIfNeeded: frame.length)
    }

    /// An empty last block, the checksum and the length.
    package var trailer: ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x03, 0x00])
        buffer.writeInteger(checksum, endianness: .little)
        buffer.writeInteger(length, endianness: .little)
        return buffer
    }
}
