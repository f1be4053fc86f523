import GRDB
import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The history of events in an SQLite file, so that clients resume after a restart, be it a deploy or a `kill -9`.
///
///     app.events.store = SQLiteHistory("/var/lib/shop/events.db")
///
/// One process at a time has the file; a second one waits for the first to end. See `Docs/durability.md`.
public final class SQLiteHistory: HistoryStore {
    private let file: SQLiteFile
    private let handoverTimeout: Duration
    private let opened = Mutex<Opened?>(nil)

    private struct Opened {
        let ownership: FileOwnership
        let database: DatabaseQueue
        let limits: HistoryLimits
        /// nil where a transaction failed: it is counted again.
        var retention: HistoryRetention?
    }

    /// Opens nothing yet: that is done when the application starts.
    ///
    /// - Parameters:
    ///   - path: where the file is, or is to be made. Its folder must be there, on a local disk.
    ///   - durability: whether what is acknowledged also survives a loss of power.
    ///   - busyTimeout: how long to wait for another program that works on the file before a publisher gets an error.
    ///   - handoverTimeout: how long a start waits for the process that has the file to end.
    public init(
        _ path: String, durability: SQLiteDurability = .normal, busyTimeout: Duration = .seconds(1),
        handoverTimeout: Duration = .seconds(15)
    ) {
        file = SQLiteFile(path: path, durability: durability, busyTimeout: busyTimeout)
        self.handoverTimeout = handoverTimeout
    }

    /// Opens the file, or makes it.
    ///
    /// - Throws: `SQLiteFileError` where another process keeps it, or where it is damaged or not a history.
    public func load(_ limits: HistoryLimits, now: Date) throws -> StoredHistory {
        try opened.withLock { opened in
            let ownership = try opened?.ownership ?? FileOwnership(of: file.path, patience: handoverTimeout)
            return try file.explaining {
                let database = try opened?.database ?? file.open()
                let (retention, stored) = try database.inImmediateTransaction { db in
                    try HistoryTable.prepare(db, file)
                    var retention = try HistoryRetention(limits, countedIn: db)
                    try retention.trim(db, now: now)
                    return (retention, try HistoryTable.load(db))
                }
                opened = Opened(ownership: ownership, database: database, limits: limits, retention: retention)
                return stored
            }
        }
    }

    /// Waits for the disk, whatever `durability` says: it is once a start.
    ///
    /// - Throws: as `append` does.
    public func begin(after sequence: UInt64) throws {
        try opened.withLock { opened in
            guard let database = opened?.database else { throw notOpen }
            try file.explaining {
                try database.writeWithoutTransaction(SQLiteDurability.full.apply)
                try database.inImmediateTransaction { try HistoryTable.begin(after: sequence, $0) }
                try database.writeWithoutTransaction(file.durability.apply)
            }
        }
    }

    /// - Throws: `SQLiteFileError` where the disk is full or another program locks the file for longer than the busy
    ///   timeout; then nothing is stored.
    public func append(_ events: [StoredEvent]) throws {
        try opened.withLock { opened in
            guard let database = opened?.database, let limits = opened?.limits else { throw notOpen }
            var retention = opened?.retention
            // Taken out, so that it is changed in place, and is not there after an error.
            opened?.retention = nil
            let changed = try file.explaining {
                try database.inImmediateTransaction { db in
                    var counted = try retention.take() ?? HistoryRetention(limits, countedIn: db)
                    try HistoryTable.append(events, db)
                    try counted.note(events, db)
                    return counted
                }
            }
            opened?.retention = changed
        }
    }

    private var notOpen: SQLiteFileError { SQLiteFileError(path: file.path, reason: "is not open") }

    /// Gives the file up to another process; it is also given up when the process ends.
    package func close() throws {
        try opened.withLock { opened in
            try opened?.database.close()
            opened = nil
        }
    }

    /// For tests: what the limit of bytes is held against.
    package var countedBytes: Int? { opened.withLock { $0?.retention?.bytes } }

    /// For tests that need the file in a bad state.
    package func withDatabase(_ change: (Database) throws -> Void) throws {
        try opened.withLock { try $0?.database.writeWithoutTransaction(change) }
    }
}

extension DatabaseQueue {
    /// Begins by taking the write lock, so that the wait for it is at the beginning.
    fileprivate func inImmediateTransaction<Result>(_ work: (Database) throws -> Result) throws -> Result {
        try writeWithoutTransaction { db in
            var result: Result?
            try db.inTransaction(.immediate) {
                result = try work(db)
                return .commit
            }
            guard let result else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
            return result
        }
    }
}
