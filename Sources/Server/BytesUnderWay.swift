import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

extension Connection {
    /// What this end has written and the peer has not acknowledged; 0 for a peer that is none of these ports.
    func bytesUnderWay(to ports: Set<Int>) -> Int {
        guard let port = context?.channel.remoteAddress?.port, ports.contains(port) else { return 0 }
        return unwrittenBytes + unacknowledgedBytes
    }

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
