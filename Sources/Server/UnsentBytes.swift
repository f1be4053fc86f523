import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

extension Connection {
    /// What this end has written and the kernel has not sent yet.
    func unsentBytes(exceptTo ports: Set<Int>) -> Int {
        guard let channel = context?.channel, let port = channel.remoteAddress?.port, !ports.contains(port) else {
            return 0
        }
        return unwrittenBytes + unsentInKernel
    }

    private var unsentInKernel: Int {
        #if canImport(Glibc)
        let count = try? context?.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            var count: CInt = 0
            return ioctl($0, Self.siocoutqnsd, &count) == 0 ? Int(count) : 0
        }
        return (count ?? nil) ?? 0
        #else
        return 0
        #endif
    }

    #if canImport(Glibc)
    /// SIOCOUTQNSD of linux/sockios.h: bytes that were not sent even once.
    private static var siocoutqnsd: UInt { 0x894B }
    #endif
}
