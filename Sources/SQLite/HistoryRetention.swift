import GRDB
import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Deletes what a history need not keep, now and then, and notes of which audience something is gone.
struct HistoryRetention {
    private let limits: HistoryLimits
    private var counts: [StoredAudience: Int] = [:]
    private(set) var bytes = 0
    /// Audiences that may have too many events.
    private var grown: Set<StoredAudience> = []
    private var appended = 0
    private var trims = 0

    /// After how many events it is looked what there is to delete.
    private static let interval = 256
    /// After how many looks, and with how many audiences that have lost events, it is no longer noted for each which.
    private static let foldingInterval = 64
    private static let maximumDeletions = 10_000
    /// About what an event has beside its texts.
    private static let overhead = 64
    /// As `note` counts: the texts are BLOBs, so these are their bytes.
    private static let size = "coalesce(length(data), 0) + coalesce(length(event), 0) + \(overhead)"

    init(_ limits: HistoryLimits, countedIn db: Database) throws {
        self.limits = limits
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT kind, name, count(*) AS count, sum(\(Self.size)) AS bytes FROM martlet_event GROUP BY kind, name
                """)
        while let row = try rows.next() {
            let audience = StoredAudience(row)
            counts[audience] = row["count"]
            bytes += row["bytes"]
            grown.insert(audience)
        }
    }

    /// Counts what was appended; in the same transaction, deletes what is too much.
    mutating func note(_ events: [StoredEvent], _ db: Database) throws {
        for event in events {
            let audience = StoredAudience(event.audience)
            counts[audience, default: 0] += 1
            bytes += (event.data?.utf8.count ?? 0) + (event.event?.utf8.count ?? 0) + Self.overhead
            grown.insert(audience)
        }
        appended += events.count
        guard appended >= Self.interval, let last = events.last else { return }
        try trim(db, now: last.publishedAt)
    }

    /// Deletes all that exceeds the limits.
    mutating func trim(_ db: Database, now: Date) throws {
        appended = 0
        for audience in grown {
            let excess = counts[audience, default: 0] - limits.maxEventsPerTopic
            if excess > 0 { try deleteFirst(excess, of: audience, db) }
        }
        grown = []
        try deleteOldest(before: now.timeIntervalSince1970 - limits.maxAge / .seconds(1), db)
        if trims.isMultiple(of: Self.foldingInterval) { try foldDeletions(db) }
        trims += 1
    }

    private mutating func deleteFirst(_ count: Int, of audience: StoredAudience, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT sequence, kind, name, \(Self.size) AS bytes FROM martlet_event
                WHERE kind = ? AND name = ? ORDER BY sequence LIMIT ?
                """,
            arguments: [audience.kind, audience.name, count])
        try delete(rows, db)
    }

    /// What is too old, and beyond that what exceeds the bytes of all.
    private mutating func deleteOldest(before time: Double, _ db: Database) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: "SELECT sequence, kind, name, published_at, \(Self.size) AS bytes FROM martlet_event ORDER BY sequence"
        )
        var deleted: [Row] = []
        var rest = bytes
        while let row = try rows.next() {
            let publishedAt: Double = row["published_at"]
            guard rest > limits.maxBytes || publishedAt < time else { break }
            deleted.append(row.copy())
            rest -= row["bytes"] as Int
        }
        try delete(deleted, db)
    }

    private mutating func delete(_ rows: [Row], _ db: Database) throws {
        let delete = try db.cachedStatement(sql: "DELETE FROM martlet_event WHERE sequence = ?")
        var through: [StoredAudience: Int64] = [:]
        for row in rows {
            let sequence: Int64 = row["sequence"]
            let audience = StoredAudience(row)
            try delete.execute(arguments: [sequence])
            through[audience] = sequence
            bytes -= row["bytes"] as Int
            let left = counts[audience, default: 1] - 1
            counts[audience] = left > 0 ? left : nil
        }
        let note = try db.cachedStatement(
            sql: """
                INSERT INTO martlet_deletion VALUES (?, ?, ?)
                ON CONFLICT (kind, name) DO UPDATE SET through = max(through, excluded.through)
                """)
        for (audience, sequence) in through {
            try note.execute(arguments: [audience.kind, audience.name, sequence])
        }
    }

    /// Of too many audiences only the latest loss is kept: then every client that was away before it is told of a hole.
    private func foldDeletions(_ db: Database) throws {
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM martlet_deletion") ?? 0
        guard count > Self.maximumDeletions else { return }
        try db.execute(
            sql: """
                UPDATE martlet_history
                SET deleted_through = max(deleted_through, (SELECT max(through) FROM martlet_deletion));
                DELETE FROM martlet_deletion;
                """)
    }
}
