import Foundation
import GRDB
import MartletCore
import MartletSQLite
import Testing

/// What is stored comes back byte for byte, and is counted as it is.
@Suite struct ExactHistoryTests {
    let folder: TemporaryFolder
    let history: SQLiteHistory
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    init() throws {
        folder = try TemporaryFolder()
        history = SQLiteHistory(folder.path("events.db"), handoverTimeout: .zero)
    }

    private func event(
        _ sequence: UInt64, _ audience: EventAudience.Recipients = .everyone, _ event: String? = nil,
        _ data: String? = "x"
    ) -> StoredEvent {
        StoredEvent(
            sequence: sequence, audience: audience, event: event, data: data, publishedAt: now, isCompressible: true)
    }

    private func reloaded(_ limits: HistoryLimits = HistoryLimits()) throws -> StoredHistory {
        try history.close()
        return try history.load(limits, now: now)
    }

    private struct Exact: Equatable {
        let sequence: UInt64
        let kind: Int
        let name: [UInt8]?
        let event: [UInt8]?
        let data: [UInt8]?

        init(_ stored: StoredEvent) {
            sequence = stored.sequence
            (kind, name) =
                switch stored.audience {
                case .everyone: (0, nil)
                case .topic(let topic): (1, bytes(topic))
                case .user(let user): (2, bytes(user))
                }
            event = bytes(stored.event)
            data = bytes(stored.data)
        }
    }

    @Test(arguments: ["", "\0", "a\0b", "\0a", "a\0", "\u{301}", "e\u{301}", "é", "\r\n", "👩‍👩‍👧"])
    func `a text comes back byte for byte`(_ text: String) throws {
        _ = try history.load(HistoryLimits(), now: now)
        let events = [
            event(1, .topic(text), text, text), event(2, .user(text), nil, text), event(3, .everyone, text, nil),
        ]
        try history.append(events)
        #expect(try reloaded().events.map(Exact.init) == events.map(Exact.init))
    }

    @Test func `what is published to a name with a NUL is not another's after a restart`() throws {
        _ = try history.load(HistoryLimits(), now: now)
        try history.append([event(1, .topic("room/vip\0x")), event(2, .user("ada\0"))])
        let audiences = try reloaded().events.map(\.audience)
        #expect(audiences == [.topic("room/vip\0x"), .user("ada\0")])
    }

    @Test func `a long text that begins with a NUL does not take the rest of the history with it`() throws {
        _ = try history.load(HistoryLimits(), now: now)
        let long = "\0" + String(repeating: "x", count: HistoryLimits().maxBytes)
        try history.append([event(1, .topic("a")), event(2, .topic("b"), nil, long)])
        for first in stride(from: 3, to: 1027, by: 256) as StrideTo<UInt64> {
            try history.append((first..<first + 256).map { event($0, .topic("\($0)")) })
        }
        #expect(try reloaded().events.map(\.sequence) == Array(3..<1027))
    }

    @Test func `names that only look the same are counted by themselves, and the later loss is the one that is told`()
        throws
    {
        var limits = HistoryLimits()
        _ = try history.load(limits, now: now)
        let (one, other) = (EventAudience.Recipients.topic("é"), EventAudience.Recipients.topic("e\u{301}"))
        try history.append([event(1, one), event(2, other), event(3, other), event(4, one), event(5, one)])
        limits.maxEventsPerTopic = 1
        let stored = try reloaded(limits)
        #expect(stored.events.map(\.sequence) == [3, 5])
        #expect(stored.deletedThroughByAudience == [one: 4])
    }

    /// Of all that a random publisher may say, what is kept is exact, and so is the count of its bytes.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `random texts come back, and are counted as SQL counts them`(_ seed: UInt64) throws {
        var random = RandomText(seed: seed)
        var limits = HistoryLimits()
        limits.maxBytes = 30_000
        limits.maxEventsPerTopic = 40
        _ = try history.load(limits, now: now)
        let names = (0..<12).map { _ in random.text(upTo: 3) }
        var published: [UInt64: StoredEvent] = [:]
        var sequence: UInt64 = 0
        for _ in 0..<24 {
            let batch = (0...random.number(below: 100)).map { _ in
                sequence += 1
                let name = names[random.number(below: names.count)]
                let audience = [EventAudience.Recipients.everyone, .topic(name), .user(name)][random.number(below: 3)]
                return event(sequence, audience, random.optional(), random.optional())
            }
            for event in batch { published[event.sequence] = event }
            try history.append(batch)
            let counted = try #require(history.countedBytes)
            try history.withDatabase { db in
                // Of a text SQL would count the code points up to a NUL.
                let stored = try Int.fetchOne(
                    db,
                    sql: """
                        SELECT sum(64 + coalesce(length(CAST(event AS BLOB)), 0)
                            + coalesce(length(CAST(data AS BLOB)), 0)) FROM martlet_event
                        """)
                #expect(counted == stored)
            }
        }
        let stored = try reloaded(limits).events
        #expect(!stored.isEmpty)
        for event in stored { #expect(published[event.sequence].map(Exact.init) == Exact(event)) }
    }

    // MARK: - Earlier formats

    /// Makes a file as the first versions did, whose texts are TEXT.
    private func writeFile(format: Int) throws {
        let database = try DatabaseQueue(path: folder.path("events.db"))
        let compressible = format == 1 ? "" : ", compressible INTEGER NOT NULL DEFAULT 1"
        let value = format == 1 ? "" : ", 0"
        try database.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE martlet_history (
                        id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, epoch TEXT NOT NULL,
                        last_sequence INTEGER NOT NULL, deleted_through INTEGER NOT NULL);
                    CREATE TABLE martlet_event (
                        sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, event TEXT, data TEXT,
                        published_at REAL NOT NULL\(compressible));
                    CREATE INDEX martlet_event_audience ON martlet_event (kind, name);
                    CREATE TABLE martlet_deletion (
                        kind INTEGER NOT NULL, name TEXT NOT NULL, through INTEGER NOT NULL,
                        PRIMARY KEY (kind, name)) WITHOUT ROWID;
                    INSERT INTO martlet_history VALUES (1, \(format), 'old', 9, 1);
                    INSERT INTO martlet_event VALUES (7, 1, '线/1', 'é', '', 1800000000\(value));
                    INSERT INTO martlet_event VALUES (8, 2, 'ada', NULL, 'x', 1800000000\(value));
                    INSERT INTO martlet_event VALUES (9, 0, '', 'gone', NULL, 1800000000\(value));
                    INSERT INTO martlet_deletion VALUES (1, '线/1', 3);
                    """)
        }
        try database.close()
    }

    @Test(arguments: [1, 2]) func `a file of an earlier format is read, and written on`(_ format: Int) throws {
        try writeFile(format: format)
        var old = [
            event(7, .topic("线/1"), "é", ""), event(8, .user("ada"), nil, "x"), event(9, .everyone, "gone", nil),
        ]
        for index in old.indices { old[index].isCompressible = format == 1 }
        var limits = HistoryLimits()
        let stored = try history.load(limits, now: now)
        #expect(stored.epoch == "old" && stored.lastSequence == 9 && stored.deletedThrough == 1)
        #expect(stored.events == old)
        #expect(stored.deletedThroughByAudience == [.topic("线/1"): 3])

        let more = [event(10, .topic("线/1"), nil, "\0"), event(11, .user("ada"))]
        try history.append(more)
        #expect(try reloaded().events == old + more)
        limits.maxEventsPerTopic = 1
        let trimmed = try reloaded(limits)
        #expect(trimmed.events.map(\.sequence) == [9, 10, 11], "the old and the new rows of an audience are of one")
        #expect(trimmed.deletedThroughByAudience == [.topic("线/1"): 7, .user("ada"): 8])
    }
}
