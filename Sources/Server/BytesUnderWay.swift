import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Connection {
    var peerPort: Int? { context?.channel.remoteAddress?.port }

    /// What waits for room in the kernel.
    var unwrittenBytes: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// What this end has written and the peer has not acknowledged.
    var bytesUnderWay: Int { unwrittenBytes + (output?.unacknowledgedBytes ?? 0) }
}

extension SocketOutput {
    /// In the kernel, as far as it tells.
    var unacknowledgedBytes: Int {
        #if os(Linux)
        var count: CInt = 0
        guard let socket, ioctl(socket, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
        return Int(count)
        #else
        return 0
        #endif
    }
}
