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
    /// - Returns: how many connections it has room for.
    static func raise() -> Int {
        #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return .max }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return room(in: Int(clamping: setrlimit(resource, &limit) == 0 ? limit.rlim_cur : before))
    }

    /// How many connections there may be where there may be so many open files.
    static func room(in files: Int) -> Int { files - min(reserve, files / 2) }
}
