#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The files of a ``FileSessionStore``: `<handle>.json` for each session, and some to lock.
///
/// A file's name is made from the bits of a handle, and never from what a client has sent. All calls block.
final class SessionFolder: Sendable {
    private let path: String
    private let syncs: Bool
    /// All names are looked up in the folder as it was opened.
    private let descriptor: Int32
    /// More than any session should have; also what is read at most.
    private static let maximumBytes = 1 << 20
    private static let ending = ".json"
    private static let temporaryEnding = ".new"
    /// Sessions that share one do not change at the same time.
    private static let lockCount: UInt64 = 16
    /// After that nobody writes to a new file any more.
    private static let leftoverSeconds = 60

    init(_ path: String, syncs: Bool) throws {
        self.path = path
        self.syncs = syncs
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.error(path, "cannot be made") }
        descriptor = openDescriptor(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(path, "cannot be opened") }
        do {
            try claim()
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The folder must be this user's, and is made so that nobody else can read it.
    private func claim() throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error(path, "cannot be looked at") }
        guard status.st_uid == geteuid() else {
            throw FileSessionError(path: path, reason: "belongs to another user, who could take over the sessions")
        }
        if status.st_mode & 0o077 != 0, fchmod(descriptor, 0o700) != 0 {
            throw Self.error(path, "cannot be closed to others")
        }
        guard faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 else { throw Self.error(path, "cannot be written to") }
    }

    // MARK: - Files

    /// - Returns: nil where there is no such file, or what is there is no session.
    func read(_ handle: SessionHandle) throws -> StoredSession? {
        let name = Self.name(of: handle)
        // Neither a link nor a pipe that somebody has put there.
        let file = openDescriptor(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, in: descriptor)
        guard file >= 0 else {
            if errno == ENOENT || errno == ELOOP { return nil }
            throw error(name, "cannot be read")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw error(name, "cannot be read") }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.maximumBytes else { return nil }
        guard let bytes = try bytes(file, Int(status.st_size), name) else { return nil }
        guard let session = try? JSONDecoder().decode(StoredSession.self, from: bytes), session.handle == handle else {
            return nil
        }
        return session
    }

    private func bytes(_ file: Int32, _ size: Int, _ name: String) throws -> Data? {
        var data = Data(count: size)
        var count = 0
        while count < size {
            let read = data.withUnsafeMutableBytes { buffer in
                pread(file, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw error(name, "cannot be read") }
            guard read > 0 else { return nil }
            count += read
        }
        return data
    }

    /// Puts a whole new file in the place of the one that is there.
    func write(_ session: StoredSession) throws {
        let name = Self.name(of: session.handle)
        let data = try JSONEncoder().encode(session)
        guard data.count <= Self.maximumBytes else {
            throw FileSessionError(
                path: "\(path)/\(name)",
                reason: "cannot hold the session: it has \(data.count) bytes, and \(Self.maximumBytes) are the most")
        }
        let temporary = "\(session.handle)-\(RandomBits().text)\(Self.temporaryEnding)"
        let file = openDescriptor(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, in: descriptor)
        guard file >= 0 else { throw error(temporary, "cannot be made") }
        do {
            defer { close(file) }
            try write(data, file, temporary)
            if syncs, fsync(file) != 0 { throw error(temporary, "cannot be written") }
            guard renameat(descriptor, temporary, descriptor, name) == 0 else {
                throw error(name, "cannot be replaced")
            }
        } catch {
            unlinkat(descriptor, temporary, 0)
            throw error
        }
        if syncs, fsync(descriptor) != 0 { throw error(name, "cannot be written") }
    }

    private func write(_ data: Data, _ file: Int32, _ name: String) throws {
        try data.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = pwrite(
                    file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(rest.startIndex))
                if written < 0, errno == EINTR { continue }
                guard written >= 0 else { throw error(name, "cannot be written") }
                rest = rest.dropFirst(written)
            }
        }
    }

    /// - Returns: false where there is none.
    func remove(_ handle: SessionHandle) throws -> Bool {
        let name = Self.name(of: handle)
        if unlinkat(descriptor, name, 0) == 0 { return true }
        // A folder of that name is not this store's.
        guard errno == ENOENT || errno == EISDIR || errno == EPERM else { throw error(name, "cannot be removed") }
        return false
    }

    /// All sessions whose files are there.
    ///
    /// - Parameter removingLeftovers: whether the files go that a process had begun to write when it was ended.
    func handles(removingLeftovers: Bool = false) throws -> [SessionHandle] {
        let copy = openDescriptor(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, in: descriptor)
        guard copy >= 0, let folder = fdopendir(copy) else { throw error(".", "cannot be listed") }
        defer { closedir(folder) }
        var handles: [SessionHandle] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(Self.ending), let handle = SessionHandle(String(name.dropLast(Self.ending.count))) {
                handles.append(handle)
            } else if removingLeftovers, isLeftover(name) {
                unlinkat(descriptor, name, 0)
            }
        }
        return handles
    }

    private func isLeftover(_ name: String) -> Bool {
        let parts = name.dropLast(Self.temporaryEnding.count).split(separator: "-", omittingEmptySubsequences: false)
        guard name.hasSuffix(Self.temporaryEnding), parts.count == 2,
            parts.allSatisfy({ SessionHandle(String($0)) != nil })
        else { return false }
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        // Another process may be writing it.
        return time(nil) - status.modifiedAt > Self.leftoverSeconds
    }

    // MARK: - One at a time

    /// Does something with a session that nobody else changes meanwhile, in this process or another.
    func locked<Result>(_ handle: SessionHandle, _ work: () throws -> Result) throws -> Result {
        let name = ".lock-\(handle.number % Self.lockCount)"
        let lock = openDescriptor(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, in: descriptor)
        guard lock >= 0 else { throw error(name, "cannot be opened") }
        // Gives the lock back, however the process ends.
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw error(name, "cannot be locked") }
        }
        return try work()
    }

    private static func name(of handle: SessionHandle) -> String { handle.text + ending }

    private func error(_ name: String, _ what: String) -> FileSessionError { Self.error("\(path)/\(name)", what) }

    /// With what `errno` says.
    private static func error(_ path: String, _ what: String) -> FileSessionError {
        FileSessionError(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}

/// `openat` by a name that is not a method's; what it makes is for its owner alone.
private func openDescriptor(_ path: String, _ flags: Int32, in folder: Int32 = AT_FDCWD) -> Int32 {
    openat(folder, path, flags, 0o600 as mode_t)
}

extension stat {
    fileprivate var modifiedAt: time_t {
        #if canImport(Darwin)
        st_mtimespec.tv_sec
        #else
        st_mtim.tv_sec
        #endif
    }
}
