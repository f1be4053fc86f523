import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

extension Connection {
    var peerPort: Int? { context?.channel.remoteAddress?.port }

    /// What this end has written and the peer has not acknowledged.
    var bytesUnderWay: Int { unwrittenBytes + unacknowledgedBytes }

    /// In the kernel, as far as it tells.
    private var unacknowledgedBytes: Int {
        #if canImport(Glibc)
        let count = try? context?.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            var count: CInt = 0
            return ioctl($0, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return (count ?? nil) ?? 0
        #else
        return 0
        #endif
    }
}
