import GRDB
import MartletCore
import MartletMiddleware
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Sessions in an SQLite file, so that nobody has to sign in again after a restart.
///
///     app.use(Sessions(try SQLiteSessionStore("/var/lib/shop/sessions.db")))
///
/// Several processes may have the file at the same time. The secrets of the sessions stand in it as they are: who can read the
/// file can take over the sessions, so it is made readable for its owner alone.
public final class SQLiteSessionStore: SessionStore {
    private let file: SQLiteFile
    private let database: DatabaseQueue
    private let maxSessions: Int
    /// How many there are, as far as this process knows: to count them takes looking at all.
    private let count: Mutex<Int>
    /// How many sessions one step of a sweep removes, while others wait to write.
    private static let sweepStep = 200

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - path: where the file is, or is to be made. Its folder must be there, on a local disk.
    ///   - durability: whether sessions also survive a loss of power.
    ///   - busyTimeout: how long a request waits for others that work on the file.
    ///   - maxSessions: how many there may be, at least 1. Beyond, a new one takes the place of some that were never used
    ///     since they were made and have no user, the oldest first; only where there are none, of those whose last use is
    ///     longest ago.
    /// - Throws: `StartupError` where the file is damaged or of a later version.
    public init(
        _ path: String, durability: SQLiteDurability = .normal, busyTimeout: Duration = .seconds(1),
        maxSessions: Int = 1_000_000
    ) throws {
        let file = SQLiteFile(path: path, durability: durability, busyTimeout: busyTimeout)
        self.file = file
        self.maxSessions = max(1, maxSessions)
        do {
            database = try file.explaining {
                let database = try file.open()
                try database.writeWithoutTransaction { db in
                    try db.inTransaction(.immediate) {
                        try Self.prepare(db, file)
                        return .commit
                    }
                }
                return database
            }
            count = try Mutex(file.explaining { [database] in try database.read(Self.count) })
        } catch {
            throw StartupError("The sessions cannot be kept: \(error).")
        }
    }

    private static let format = 3

    private static func prepare(_ db: Database, _ file: SQLiteFile) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS martlet_sessions (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL)
                """)
        try db.execute(sql: "INSERT OR IGNORE INTO martlet_sessions VALUES (1, ?)", arguments: [format])
        let found = try Int.fetchOne(db, sql: "SELECT format FROM martlet_sessions") ?? 0
        if found == 1 || found == 2 {
            // Their ids cannot be told from what may be seen of a session now.
            try db.execute(
                sql: """
                    DROP TABLE IF EXISTS martlet_session_value;
                    DROP TABLE IF EXISTS martlet_session;
                    UPDATE martlet_sessions SET format = \(format);
                    """)
        } else if found != format {
            throw SQLiteFileError(
                path: file.path, reason: "has format \(found), and this version of Martlet reads format \(format)")
        }
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS martlet_session (
                    handle TEXT PRIMARY KEY, user BLOB, created_at REAL NOT NULL, last_use REAL NOT NULL,
                    session BLOB NOT NULL) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS martlet_session_user ON martlet_session (user) WHERE user IS NOT NULL;
                CREATE INDEX IF NOT EXISTS martlet_session_created_at ON martlet_session (created_at);
                CREATE INDEX IF NOT EXISTS martlet_session_last_use ON martlet_session (last_use);
                CREATE INDEX IF NOT EXISTS martlet_session_turn
                    ON martlet_session ((user IS NOT NULL OR last_use > created_at), last_use);
                """)
    }

    private static func count(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM martlet_session") ?? 0
    }

    /// The session of that handle; nil where there is none.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func load(_ handle: SessionHandle) async throws -> StoredSession? {
        try await read { [self] db in try session(handle, db) }
    }

    /// Puts a new session into the file; where there are `maxSessions`, others give way.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    @discardableResult
    public func create(_ session: StoredSession) async throws -> [EndedSession] {
        let isFull = count.withLock { $0 >= maxSessions }
        let row = try Self.row(session)
        let (gaveWay, counted) = try await write { [self] db -> ([EndedSession], Int?) in
            let gaveWay = isFull ? try makeRoom(db) : []
            let counted = isFull ? try Self.count(db) : nil
            try db.execute(sql: "INSERT INTO martlet_session VALUES (?, ?, ?, ?, ?)", arguments: row)
            return (gaveWay, counted)
        }
        count.withLock { $0 = (counted ?? $0) + 1 }
        return gaveWay
    }

    private func makeRoom(_ db: Database) throws -> [EndedSession] {
        let excess = try Self.count(db) - maxSessions + 1
        guard excess > 0 else { return [] }
        return try Row.fetchAll(
            db,
            sql: """
                DELETE FROM martlet_session WHERE handle IN (
                    SELECT handle FROM martlet_session ORDER BY (user IS NOT NULL OR last_use > created_at), last_use LIMIT ?)
                RETURNING handle, user
                """,
            // Some at a time, so that not each new one has to count.
            arguments: [min(excess + maxSessions / 1024, Self.sweepStep)]
        ).compactMap(Self.ended)
    }

    /// Reads, changes and writes the session in one transaction.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func update(_ handle: SessionHandle, _ change: SessionChange) async throws -> SessionChange.Outcome {
        try await write { [self] db in
            guard var session = try session(handle, db) else { return .gone }
            let outcome = change.apply(to: &session)
            if case .made = outcome {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO martlet_session VALUES (?, ?, ?, ?, ?)", arguments: Self.row(session))
            }
            return outcome
        }
    }

    /// Removes a session; nil where there is none.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func remove(_ handle: SessionHandle) async throws -> EndedSession? {
        let ended = try await write { db in
            try Row.fetchOne(
                db, sql: "DELETE FROM martlet_session WHERE handle = ? RETURNING handle, user", arguments: [handle.text]
            ).flatMap(Self.ended)
        }
        if ended != nil { count.withLock { $0 -= 1 } }
        return ended
    }

    /// All sessions of a user.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func sessions(of user: String) async throws -> [StoredSession] {
        try await read { [self] db in
            try Data.fetchAll(
                db, sql: "SELECT session FROM martlet_session WHERE user = ?", arguments: [StoredText(user)]
            ).map(decoded)
        }
    }

    /// Removes some of the sessions that are over.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func sweep(_ expiry: SessionExpiry) async throws -> SessionSweep {
        let arguments: StatementArguments = [
            expiry.lastUse.timeIntervalSinceReferenceDate, expiry.createdAt.timeIntervalSinceReferenceDate,
            Self.sweepStep,
        ]
        let over = "SELECT handle FROM martlet_session WHERE last_use <= ? OR created_at <= ? LIMIT ?"
        // The rule is that nothing is over: then nobody has to wait for a writer.
        guard try await read({ try String.fetchOne($0, sql: over, arguments: arguments) }) != nil else {
            return SessionSweep(ended: [], isComplete: true)
        }
        let ended = try await write { db in
            try Row.fetchAll(
                db, sql: "DELETE FROM martlet_session WHERE handle IN (\(over)) RETURNING handle, user",
                arguments: arguments
            ).compactMap(Self.ended)
        }
        count.withLock { $0 -= ended.count }
        return SessionSweep(ended: ended, isComplete: ended.count < Self.sweepStep)
    }

    // MARK: - Rows

    private func session(_ handle: SessionHandle, _ db: Database) throws -> StoredSession? {
        let data = try Data.fetchOne(
            db, sql: "SELECT session FROM martlet_session WHERE handle = ?", arguments: [handle.text])
        return try data.map(decoded)
    }

    private func decoded(_ data: Data) throws -> StoredSession {
        do {
            return try JSONDecoder().decode(StoredSession.self, from: data)
        } catch {
            throw file.damaged("a session in it cannot be read")
        }
    }

    private static func row(_ session: StoredSession) throws -> StatementArguments {
        [
            session.handle.text, session.user.map(StoredText.init), session.createdAt.timeIntervalSinceReferenceDate,
            session.lastUse.date.timeIntervalSinceReferenceDate, try JSONEncoder().encode(session),
        ]
    }

    private static func ended(_ row: Row) -> EndedSession? {
        let user: StoredText? = row["user"]
        return SessionHandle(row["handle"] as String).map { EndedSession(handle: $0, user: user?.text) }
    }

    private func read<Result: Sendable>(
        _ look: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        do {
            return try await database.read(look)
        } catch {
            return try file.explaining { throw error }
        }
    }

    private func write<Result: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        do {
            return try await database.write(change)
        } catch {
            return try file.explaining { throw error }
        }
    }
}
