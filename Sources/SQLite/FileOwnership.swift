#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A process's right to a file: a lock that the kernel gives back however the process ends.
///
/// It stands on a file of its own beside the other: SQLite's locks must be free for the programs that make backups.
final class FileOwnership: Sendable {
    private let descriptor: Int32
    private static let pause: UInt32 = 20_000

    /// - Parameter patience: how long to wait for another process to end.
    /// - Throws: `SQLiteFileError` where it does not.
    init(of path: String, patience: Duration) throws {
        let file = SQLiteFile(path: path, durability: .normal, busyTimeout: .zero)
        // A link may lead to a file that is yet to be made.
        let made = openFile(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if made >= 0 { close(made) }
        // Of what a link leads to, as SQLite names its other files: all who come to it meet at one lock.
        let name = realpath(path, nil)
        defer { free(name) }
        let lock = (name.map { String(cString: $0) } ?? path) + "-lock"
        let descriptor = openFile(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw file.unusable("cannot be locked", errno) }
        let deadline = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR, ContinuousClock.now < deadline else {
                let owner = Self.owner(descriptor)
                close(descriptor)
                guard reason == EWOULDBLOCK else { throw file.unusable("cannot be locked", reason) }
                throw SQLiteFileError(path: path, reason: "is in use by another process\(owner), and one at a time may")
            }
            usleep(Self.pause)
        }
        self.descriptor = descriptor
        // For the sentence that the next process may have to say.
        let pid = Array("\(getpid())".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, pid, pid.count, 0) }
    }

    deinit { close(descriptor) }

    private static func owner(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return Int32(text).map { " (\($0))" } ?? ""
    }
}
