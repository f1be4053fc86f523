import GRDB
import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The tables of a history.
enum HistoryTable {
    /// The version of the tables; a file with a later one is left alone.
    private static let format = 3

    /// Makes the tables where there are none.
    ///
    /// - Throws: `SQLiteFileError` for a file of a later version.
    static func prepare(_ db: Database, _ file: SQLiteFile) throws {
        if try db.tableExists("martlet_history") {
            let found = try Int.fetchOne(db, sql: "SELECT format FROM martlet_history") ?? 0
            guard (1...format).contains(found) else {
                throw SQLiteFileError(
                    path: file.path, reason: "has format \(found), and this version of Martlet reads format \(format)")
            }
            if found < 2 {
                try db.execute(sql: "ALTER TABLE martlet_event ADD COLUMN compressible INTEGER NOT NULL DEFAULT 1")
            }
            if found < 3 {
                // What was TEXT is found by its bytes from now on.
                try db.execute(
                    sql: """
                        UPDATE martlet_event
                        SET name = CAST(name AS BLOB), event = CAST(event AS BLOB), data = CAST(data AS BLOB);
                        UPDATE martlet_deletion SET name = CAST(name AS BLOB);
                        UPDATE martlet_history SET format = 3;
                        """)
            }
            return
        }
        try db.execute(
            sql: """
                CREATE TABLE martlet_history (
                    id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, epoch TEXT NOT NULL,
                    last_sequence INTEGER NOT NULL, deleted_through INTEGER NOT NULL);
                CREATE TABLE martlet_event (
                    sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name BLOB NOT NULL, event BLOB, data BLOB,
                    published_at REAL NOT NULL, compressible INTEGER NOT NULL DEFAULT 1);
                CREATE INDEX martlet_event_audience ON martlet_event (kind, name);
                CREATE TABLE martlet_deletion (
                    kind INTEGER NOT NULL, name BLOB NOT NULL, through INTEGER NOT NULL,
                    PRIMARY KEY (kind, name)) WITHOUT ROWID;
                """)
        try db.execute(
            sql: "INSERT INTO martlet_history VALUES (1, ?, ?, 0, 0)", arguments: [format, EventID.newEpoch()])
    }

    /// All that is kept.
    static func load(_ db: Database) throws -> StoredHistory {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM martlet_history") else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "martlet_history is empty")
        }
        var stored = StoredHistory(
            epoch: row["epoch"], lastSequence: try row.sequence("last_sequence"),
            deletedThrough: try row.sequence("deleted_through"), events: [])
        let deletions = try Row.fetchCursor(db, sql: "SELECT * FROM martlet_deletion")
        while let row = try deletions.next() {
            // Names that only look the same are one in this dictionary, and so are their losses.
            let audience = try StoredAudience(row).audience()
            let before = stored.deletedThroughByAudience[audience] ?? 0
            stored.deletedThroughByAudience[audience] = max(before, try row.sequence("through"))
        }
        let events = try Row.fetchCursor(db, sql: "SELECT * FROM martlet_event ORDER BY sequence")
        while let row = try events.next() {
            stored.events.append(
                StoredEvent(
                    sequence: try row.sequence("sequence"), audience: try StoredAudience(row).audience(),
                    event: (row["event"] as StoredText?)?.text, data: (row["data"] as StoredText?)?.text,
                    publishedAt: Date(timeIntervalSince1970: row["published_at"]),
                    isCompressible: row["compressible"]))
        }
        return stored
    }

    static func append(_ events: [StoredEvent], _ db: Database) throws {
        let insert = try db.cachedStatement(sql: "INSERT INTO martlet_event VALUES (?, ?, ?, ?, ?, ?, ?)")
        for event in events {
            let audience = StoredAudience(event.audience)
            try insert.execute(arguments: [
                Int64(event.sequence), audience.kind, audience.name, event.event.map(StoredText.init),
                event.data.map(StoredText.init), event.publishedAt.timeIntervalSince1970, event.isCompressible,
            ])
        }
        if let last = events.last { try begin(after: last.sequence, db) }
    }

    /// Keeps that this number, and all before it, may have been given.
    static func begin(after sequence: UInt64, _ db: Database) throws {
        let update = try db.cachedStatement(sql: "UPDATE martlet_history SET last_sequence = max(last_sequence, ?)")
        try update.execute(arguments: [Int64(sequence)])
    }
}

extension Row {
    /// A place in the order.
    ///
    /// - Throws: `DatabaseError` for what is none.
    fileprivate func sequence(_ column: String) throws -> UInt64 {
        guard let sequence = UInt64.fromDatabaseValue(self[column]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(column) is no number of an event")
        }
        return sequence
    }
}
