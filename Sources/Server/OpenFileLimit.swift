#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The process's limit of open files, which every connection counts against.
enum OpenFileLimit {
    /// Kept from connections, for files and for connections that are being refused: a process without a descriptor is
    /// ended by libdispatch on Linux, which reads `/proc` to watch its threads.
    private static let reserve = 128

    /// Raises the soft limit to what the hard one allows; the usual 1024 would end at a thousand streams.
    ///
    /// - Returns: what it has room for.
    static func raise() -> Room {
        #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return Room(connections: .max / 2, refusals: reserve / 4) }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return room(in: Int(clamping: setrlimit(resource, &limit) == 0 ? limit.rlim_cur : before))
    }

    /// How many connections there may be, and how many more that are being refused.
    struct Room: Equatable {
        var connections: Int
        var refusals: Int
    }

    /// What there is room for where there may be so many open files. As many as are refused may be accepted at once, so
    /// half of the reserve is left in any case.
    static func room(in files: Int) -> Room {
        let reserve = min(reserve, files / 2)
        return Room(connections: files - reserve, refusals: max(1, reserve / 4))
    }
}
