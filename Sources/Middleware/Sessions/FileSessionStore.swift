import MartletCore
import NIOPosix
import Synchronization

/// Sessions in a folder, a file each, so that nobody has to sign in again after a restart.
///
///     app.use(Sessions(try FileSessionStore("/var/lib/shop/sessions")))
///
/// Folder and files are for their owner alone: who can read them can take over the sessions. A file is replaced as a whole: whoever
/// reads it, and whatever ends the process, there is the old or the new one. Several processes may have the folder at the same
/// time. To list the sessions of a user, all files are read: with more than some thousand, take SQLite.
public final class FileSessionStore: SessionStore {
    private let folder: SessionFolder
    private let maxSessions: Int
    /// What is in the folder, as far as this process knows.
    private let known: Mutex<RecencyTable<SessionHandle, Bool>>
    /// How many files are read in one go on a thread that others wait for.
    private static let step = 50

    /// Opens the folder, or makes it in one that is there.
    ///
    /// - Parameters:
    ///   - directory: the folder's path, on a local disk. Nothing else belongs there; what else there is, is left alone.
    ///   - maxSessions: how many there may be, at least 1. Beyond, a new one takes the place of another, as in
    ///     ``MemorySessionStore``.
    ///   - survivesPowerLoss: true to have each change wait for the disk. Else a loss of power may take the last sessions; the
    ///     end of the process never does.
    /// - Throws: `StartupError` for what is no folder of this user that can be written to.
    public init(_ directory: String, maxSessions: Int = 100_000, survivesPowerLoss: Bool = false) throws {
        do {
            folder = try SessionFolder(directory, syncs: survivesPowerLoss)
            var known = RecencyTable<SessionHandle, Bool>()
            for handle in try folder.handles(removingLeftovers: true) { known.add(handle, true) }
            self.known = Mutex(known)
        } catch {
            throw StartupError("The sessions cannot be kept: \(error).")
        }
        self.maxSessions = max(1, maxSessions)
    }

    /// The session of that handle, which now gives way last; nil where there is none, or what is there is damaged.
    ///
    /// - Throws: `FileSessionError` where the file cannot be read.
    public func load(_ handle: SessionHandle) async throws -> StoredSession? {
        try await blocking { [self] in
            let session = try folder.read(handle)
            known.withLock { known in
                guard session != nil else { return }
                // Another process may have made it.
                known.add(handle, true)
                known.use(handle)
            }
            return session
        }
    }

    /// Keeps a new session; where there are `maxSessions`, another one gives way.
    ///
    /// - Throws: `FileSessionError` where the file cannot be written.
    @discardableResult
    public func create(_ session: StoredSession) async throws -> [EndedSession] {
        try await blocking { [self] in
            try folder.write(session)
            let givesWay = known.withLock { known -> SessionHandle? in
                let givesWay = known.count >= maxSessions ? known.first : nil
                // At once: another new session must not choose the same.
                if let givesWay { known.remove(givesWay) }
                known.add(session.handle, true)
                return givesWay
            }
            return try givesWay.flatMap { try removeNow($0) }.map { [$0] } ?? []
        }
    }

    /// Reads, changes and replaces the file while nobody else does, in this process or another.
    ///
    /// - Throws: `FileSessionError` where the file cannot be written.
    public func update(_ handle: SessionHandle, _ change: SessionChange) async throws -> SessionChange.Outcome {
        try await blocking { [self] in
            try folder.locked(handle) {
                guard var session = try folder.read(handle) else { return .gone }
                let outcome = change.apply(to: &session)
                if case .made = outcome { try folder.write(session) }
                return outcome
            }
        }
    }

    /// Removes the file; nil where there is none.
    ///
    /// - Throws: `FileSessionError` where it cannot be removed.
    public func remove(_ handle: SessionHandle) async throws -> EndedSession? {
        try await blocking { [self] in try removeNow(handle) }
    }

    private func removeNow(_ handle: SessionHandle, where isOver: (StoredSession) -> Bool = { _ in true }) throws
        -> EndedSession?
    {
        try folder.locked(handle) {
            let session = try folder.read(handle)
            if let session, !isOver(session) { return nil }
            // What is damaged is no session, and goes as well.
            let isRemoved = try folder.remove(handle)
            known.withLock { _ = $0.remove(handle) }
            return isRemoved ? session.map { EndedSession(handle: handle, user: $0.user) } : nil
        }
    }

    /// All sessions of a user, out of all files.
    ///
    /// - Throws: `FileSessionError` where the folder or a file cannot be read.
    public func sessions(of user: String) async throws -> [StoredSession] {
        var left = try await blocking { [self] in try folder.handles() }[...]
        var found: [StoredSession] = []
        while !left.isEmpty {
            let part = left.prefix(Self.step)
            left = left.dropFirst(part.count)
            found += try await blocking { [self] in
                try part.compactMap { try folder.read($0) }.filter { $0.isOf(user) }
            }
        }
        return found
    }

    /// Reads some of the files, and removes those of sessions that are over.
    ///
    /// - Throws: `FileSessionError` where a file cannot be read or removed.
    public func sweep(_ expiry: SessionExpiry) async throws -> SessionSweep {
        try await blocking { [self] in
            let part = known.withLock { $0.nextPart(upTo: Self.step) }
            let ended = try part.keys.compactMap { try removeNow($0, where: expiry.includes) }
            return SessionSweep(ended: ended, isComplete: part.isLast)
        }
    }

    private func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(work)
    }
}

/// A file of a session that could not be read or written.
public struct FileSessionError: Error, Sendable, CustomStringConvertible {
    /// The path of the folder, or of the file in it.
    public let path: String
    let reason: String
    /// The path and what is wrong, as a clause for a log.
    public var description: String { "'\(path)' \(reason)" }
}
