import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ByteBuffer {
    /// Has the kernel take what it can, without waiting.
    ///
    /// - Returns: how many bytes it took; 0 also where the connection is broken, which is found where the rest waits.
    package func sendNow(to socket: Int32) -> Int {
        #if os(Linux)
        let sent = withUnsafeReadableBytes { bytes in
            send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return max(0, sent)
        #else
        return 0
        #endif
    }
}
