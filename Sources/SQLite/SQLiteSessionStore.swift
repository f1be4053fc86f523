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
/// Several processes may have the file at the same time. The ids stand in it as they are: who can read the file can take
/// over the sessions, so it is made readable for its owner alone.
public final class SQLiteSessionStore: SessionStore {
    private let file: SQLiteFile
    private let database: DatabaseQueue
    private let idleTime: TimeInterval
    private let now: @Sendable () -> Date
    private let nextSweep: Mutex<Date>
    /// A use is noted when the last that was is older than this part of the idle time: not each costs a write.
    private static let noteworthyShare = 0.05

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - path: where the file is, or is to be made. Its folder must be there, on a local disk.
    ///   - idleTime: after how long without a request a session ends; up to a twentieth of it sooner.
    ///   - durability: whether sessions also survive a loss of power.
    ///   - busyTimeout: how long a request waits for others that work on the file.
    /// - Throws: `StartupError` where the file is damaged or of a later version.
    public convenience init(
        _ path: String, idleTime: Duration = .seconds(30 * 60), durability: SQLiteDurability = .normal,
        busyTimeout: Duration = .seconds(1)
    ) throws {
        try self.init(path, idleTime: idleTime, durability: durability, busyTimeout: busyTimeout, now: { .now })
    }

    /// - Parameter now: the time of day, by which the idle time is measured: it goes on while no process runs.
    package init(
        _ path: String, idleTime: Duration, durability: SQLiteDurability = .normal,
        busyTimeout: Duration = .seconds(1), now: @escaping @Sendable () -> Date
    ) throws {
        file = SQLiteFile(path: path, durability: durability, busyTimeout: busyTimeout)
        self.idleTime = idleTime / .seconds(1)
        self.now = now
        nextSweep = Mutex(now())
        do {
            database = try file.explaining { [file] in
                let database = try file.open()
                try database.writeWithoutTransaction { db in
                    try db.inTransaction(.immediate) {
                        try Self.prepare(db, file)
                        return .commit
                    }
                }
                return database
            }
        } catch {
            throw StartupError("The sessions cannot be kept: \(error).")
        }
    }

    private static let format = 2

    private static func prepare(_ db: Database, _ file: SQLiteFile) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS martlet_sessions (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS martlet_session (id TEXT PRIMARY KEY, last_use REAL NOT NULL) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS martlet_session_last_use ON martlet_session (last_use);
                CREATE TABLE IF NOT EXISTS martlet_session_value (
                    session TEXT NOT NULL REFERENCES martlet_session (id) ON DELETE CASCADE, key BLOB NOT NULL,
                    value BLOB NOT NULL, PRIMARY KEY (session, key)) WITHOUT ROWID;
                """)
        try db.execute(sql: "INSERT OR IGNORE INTO martlet_sessions VALUES (1, ?)", arguments: [format])
        let found = try Int.fetchOne(db, sql: "SELECT format FROM martlet_sessions") ?? 0
        if found == 1 {
            // What was TEXT is found by its bytes from now on.
            try db.execute(
                sql: """
                    UPDATE martlet_session_value SET key = CAST(key AS BLOB), value = CAST(value AS BLOB);
                    UPDATE martlet_sessions SET format = 2;
                    """)
        } else if found != format {
            throw SQLiteFileError(
                path: file.path, reason: "has format \(found), and this version of Martlet reads format \(format)")
        }
    }

    /// The values of a session that has not been idle for too long; nil for any other.
    ///
    /// Each use counts, but is written down only when the last one written is older than a twentieth of the idle time.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func load(_ id: SessionID) async throws -> [String: String]? {
        let now = now().timeIntervalSince1970
        let session = try await read { db -> (lastUse: Double, values: [String: String])? in
            let lastUse = try Double.fetchOne(
                db, sql: "SELECT last_use FROM martlet_session WHERE id = ?", arguments: [id.text])
            guard let lastUse else { return nil }
            let rows = try Row.fetchAll(
                db, sql: "SELECT key, value FROM martlet_session_value WHERE session = ?", arguments: [id.text])
            let values = rows.map { (($0["key"] as StoredText).text, ($0["value"] as StoredText).text) }
            return (lastUse, Dictionary(values, uniquingKeysWith: { first, _ in first }))
        }
        guard let session, now - session.lastUse < idleTime else { return nil }
        if now - session.lastUse > idleTime * Self.noteworthyShare {
            try await write { db in
                try db.execute(
                    sql: "UPDATE martlet_session SET last_use = ? WHERE id = ?", arguments: [now, id.text])
            }
        }
        return session.values
    }

    /// Puts a new session into the file, and once in an idle time removes those that have ended.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func create(_ id: SessionID, _ values: [String: String]) async throws {
        let now = now()
        let oldest = now.timeIntervalSince1970 - idleTime
        // Once in an idle time, so that what nobody asks for again does not stay.
        let sweeps = nextSweep.withLock { next in
            guard now >= next else { return false }
            next = now.addingTimeInterval(idleTime)
            return true
        }
        try await write { db in
            if sweeps { try db.execute(sql: "DELETE FROM martlet_session WHERE last_use <= ?", arguments: [oldest]) }
            try db.execute(
                sql: "INSERT INTO martlet_session VALUES (?, ?)", arguments: [id.text, now.timeIntervalSince1970])
            for (key, value) in values { try Self.insert(key, value, id, db) }
        }
    }

    /// Changes these values, in one transaction; does nothing for a session that is gone.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func update(_ id: SessionID, _ changes: [String: String?]) async throws {
        try await write { db in
            let exists = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM martlet_session WHERE id = ?)", arguments: [id.text])
            guard exists == true else { return }
            let keys = try StoredText.fetchAll(
                db, sql: "SELECT key FROM martlet_session_value WHERE session = ?", arguments: [id.text])
            for (key, value) in changes {
                // One key may be written with several code points, as in a dictionary: it is compared here, not in SQL.
                for old in keys where old.text == key {
                    try db.execute(
                        sql: "DELETE FROM martlet_session_value WHERE session = ? AND key = ?",
                        arguments: [id.text, old])
                }
                if let value { try Self.insert(key, value, id, db) }
            }
        }
    }

    /// Removes a session with its values; does nothing where there is none.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func remove(_ id: SessionID) async throws {
        try await write { db in
            try db.execute(sql: "DELETE FROM martlet_session WHERE id = ?", arguments: [id.text])
        }
    }

    private static func insert(_ key: String, _ value: String, _ id: SessionID, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO martlet_session_value VALUES (?, ?, ?)",
            arguments: [id.text, StoredText(key), StoredText(value)])
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

    private func write(_ change: @escaping @Sendable (Database) throws -> Void) async throws {
        do {
            try await database.write(change)
        } catch {
            try file.explaining { throw error }
        }
    }
}
