import Foundation
import GRDB
import MartletCore
import MartletSQLite
import Testing

@Suite struct SQLiteHistoryTests {
    let folder: TemporaryFolder
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    init() throws { folder = try TemporaryFolder() }

    private func history(_ name: String = "events.db", durability: SQLiteDurability = .normal) -> SQLiteHistory {
        SQLiteHistory(
            folder.path(name), durability: durability, busyTimeout: .milliseconds(20), handoverTimeout: .zero)
    }

    private func event(
        _ sequence: UInt64, _ audience: EventAudience.Recipients = .everyone, _ data: String? = "x", age: Double = 0
    ) -> StoredEvent {
        StoredEvent(
            sequence: sequence, audience: audience, event: nil, data: data,
            publishedAt: now.addingTimeInterval(-age), isCompressible: true)
    }

    private func limits(_ change: (inout HistoryLimits) -> Void = { _ in }) -> HistoryLimits {
        var limits = HistoryLimits()
        change(&limits)
        return limits
    }

    /// Closes and opens again, as a restart does.
    private func reloaded(_ history: SQLiteHistory, _ limits: HistoryLimits = HistoryLimits()) throws -> StoredHistory {
        try history.close()
        return try history.load(limits, now: now)
    }

    // MARK: - Keeping

    @Test func `a new file is empty, and keeps the epoch that it made`() throws {
        let history = history()
        let first = try history.load(limits(), now: now)
        #expect(first.events.isEmpty && !first.epoch.isEmpty && first.deletedThrough == 0)
        #expect(try reloaded(history).epoch == first.epoch)
        let other = self.history("other.db")
        #expect(try other.load(limits(), now: now).epoch != first.epoch)
    }

    @Test func `events come back as they were`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        let events = [
            StoredEvent(
                sequence: 5, audience: .everyone, event: "message", data: "线\n\"two\"", publishedAt: now,
                isCompressible: true),
            StoredEvent(
                sequence: 6, audience: .topic("room/1"), event: nil, data: "", publishedAt: now, isCompressible: true),
            StoredEvent(
                sequence: 9, audience: .user("room/1"), event: "gone", data: nil, publishedAt: now,
                isCompressible: false),
        ]
        try history.append(Array(events[..<2]))
        try history.append(Array(events[2...]))
        let stored = try reloaded(history)
        #expect(stored.events == events)
        #expect(stored.lastSequence == 9)
    }

    @Test func `the last number is known when its event is gone`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1, age: 100), event(7, age: 100)])
        let stored = try reloaded(history, limits { $0.maxAge = .seconds(60) })
        #expect(stored.events.isEmpty && stored.lastSequence == 7)
    }

    @Test func `the number that a process began behind is known, and is not undone by a smaller one`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(3)])
        try history.begin(after: 1000)
        #expect(try reloaded(history).lastSequence == 1000)
        try history.append([event(1001)])
        try history.begin(after: 5)
        try history.withDatabase { db in
            try #expect(Int.fetchOne(db, sql: "PRAGMA synchronous") == 1, "what comes later does not wait for the disk")
        }
        let stored = try reloaded(history)
        #expect(stored.lastSequence == 1001 && stored.events.map(\.sequence) == [3, 1001])
    }

    @Test func `an append that fails in the middle stores none of its events`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1)])
        #expect(throws: SQLiteFileError.self) { try history.append([event(2), event(1)]) }
        try history.append([event(3)])
        #expect(try reloaded(history).events.map(\.sequence) == [1, 3])
    }

    @Test func `what the disk has without an orderly end is everything acknowledged`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        for sequence in 1...50 as ClosedRange<UInt64> { try history.append([event(sequence)]) }
        try folder.copy("events.db", to: "crashed.db")
        let crashed = try self.history("crashed.db").load(limits(), now: now)
        #expect(crashed.events.map(\.sequence) == Array(1...50))
    }

    @Test(arguments: [(SQLiteDurability.normal, 1), (.full, 2)])
    func `the file is written ahead, and synchronous as asked`(_ durability: SQLiteDurability, _ level: Int) throws {
        let history = history(durability: durability)
        _ = try history.load(limits(), now: now)
        try history.withDatabase { db in
            try #expect(String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal")
            try #expect(Int.fetchOne(db, sql: "PRAGMA synchronous") == level)
        }
    }

    @Test func `nobody but the owner may read the file`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1)])
        for name in ["events.db", "events.db-wal", "events.db-lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
        }
    }

    // MARK: - Forgetting

    @Test func `a load deletes what exceeds the limits, and says of which audience`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append((1...10).map { event($0, .topic("busy")) } + [event(11, .topic("quiet"))])
        let stored = try reloaded(history, limits { $0.maxEventsPerTopic = 4 })
        #expect(stored.events.map(\.sequence) == [7, 8, 9, 10, 11])
        #expect(stored.deletedThroughByAudience == [.topic("busy"): 6])
        #expect(stored.deletedThrough == 0)
        #expect(try reloaded(history).events.count == 5, "what is deleted stays so")
        #expect(try reloaded(history).deletedThroughByAudience == [.topic("busy"): 6])
    }

    @Test func `a load deletes what is too old`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1, age: 100), event(2, .user("7"), age: 61), event(3, age: 59), event(4)])
        let stored = try reloaded(history, limits { $0.maxAge = .seconds(60) })
        #expect(stored.events.map(\.sequence) == [3, 4])
        #expect(stored.deletedThroughByAudience == [.everyone: 1, .user("7"): 2])
    }

    @Test func `a load deletes the oldest where there are too many bytes`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        let text = String(repeating: "é", count: 500)
        try history.append((1...10).map { event($0, .topic("t\($0 % 2)"), text) })
        let stored = try reloaded(history, limits { $0.maxBytes = 5000 })
        #expect(stored.events.map(\.sequence) == [7, 8, 9, 10])
        #expect(stored.deletedThroughByAudience == [.topic("t0"): 6, .topic("t1"): 5])
    }

    @Test func `the file does not grow with all that was ever published`() throws {
        let history = history()
        _ = try history.load(limits { $0.maxEventsPerTopic = 10 }, now: now)
        for batch in 0..<40 as Range<UInt64> { try history.append((1...50).map { event(batch * 50 + $0) }) }
        try history.withDatabase { db in
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM martlet_event") ?? .max
            #expect(count < 10 + 300)
        }
        let stored = try reloaded(history, limits { $0.maxEventsPerTopic = 10 })
        #expect(stored.events.map(\.sequence) == Array(1991...2000))
        #expect(stored.deletedThroughByAudience == [.everyone: 1990])
    }

    @Test func `losses of very many audiences are noted as one`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append((1...10_050).map { event($0, .user("\($0)"), age: 100) })
        let stored = try reloaded(history, limits { $0.maxAge = .seconds(60) })
        #expect(stored.events.isEmpty && stored.deletedThroughByAudience.isEmpty)
        #expect(stored.deletedThrough == 10_050)
    }

    // MARK: - Trouble

    @Test(arguments: ["not a database, though long enough to be taken for one. ", ""])
    func `a file that is something else is named`(_ content: String) throws {
        let text = String(repeating: content, count: 100)
        try Data(text.utf8).write(to: URL(filePath: folder.path("events.db")))
        let history = history()
        if content.isEmpty {
            #expect(try history.load(limits(), now: now).events.isEmpty, "an empty file is a new one")
            return
        }
        let error = #expect(throws: SQLiteFileError.self) { try history.load(limits(), now: now) }
        #expect(error?.description.contains("events.db' is damaged or no SQLite file") == true)
    }

    @Test func `a file with a damaged page is named, and left as it is`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append((1...500).map { event($0, .everyone, String(repeating: "x", count: 100)) })
        try history.close()
        let url = URL(filePath: folder.path("events.db"))
        var bytes = try Data(contentsOf: url)
        for index in 4096..<(4096 * 4) { bytes[index] = 0xFF }
        try bytes.write(to: url)
        let error = #expect(throws: SQLiteFileError.self) { try history.load(limits(), now: now) }
        #expect(error?.description.contains("is damaged") == true)
        #expect(try Data(contentsOf: url) == bytes)
    }

    @Test(arguments: [
        "UPDATE martlet_event SET kind = 7",
        "UPDATE martlet_event SET sequence = -1", "INSERT INTO martlet_deletion VALUES (0, '', -1)",
        "UPDATE martlet_history SET last_sequence = -1", "UPDATE martlet_history SET last_sequence = 'x'",
    ]) func `a value that no history has is an error that names the file`(_ damage: String) throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1)])
        try history.withDatabase { try $0.execute(sql: damage) }
        let error = #expect(throws: SQLiteFileError.self) { try reloaded(history) }
        #expect(error?.description.contains("events.db' is damaged") == true)
    }

    @Test func `a file of a later version is left alone`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.withDatabase { try $0.execute(sql: "UPDATE martlet_history SET format = 4") }
        let error = #expect(throws: SQLiteFileError.self) { try reloaded(history) }
        #expect(error?.description.contains("has format 4") == true)
    }

    @Test func `a folder that is not there is named`() throws {
        let history = SQLiteHistory(folder.path("nowhere/events.db"), handoverTimeout: .zero)
        let error = #expect(throws: SQLiteFileError.self) { try history.load(limits(), now: now) }
        #expect(error?.description.contains("nowhere/events.db") == true)
    }

    @Test func `a full disk is an error, and what comes after it is stored again`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        try history.append([event(1)])
        try history.withDatabase { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
        }
        let big = event(2, .everyone, String(repeating: "x", count: 100_000))
        let error = #expect(throws: SQLiteFileError.self) { try history.append([event(3), big]) }
        #expect(error?.description.contains("the disk is full") == true)
        try history.append([event(4)])
        #expect(try reloaded(history).events.map(\.sequence) == [1, 4])
    }

    @Test func `a file that is locked is an error after the busy timeout, and nothing is stored`() throws {
        let history = history()
        _ = try history.load(limits(), now: now)
        let other = try OtherProgram(folder.path("events.db"))
        try other.lock()
        let error = #expect(throws: SQLiteFileError.self) { try history.append([event(1)]) }
        #expect(error?.description.contains("is locked by another program") == true)
        try other.unlock()
        try history.append([event(2)])
        #expect(try reloaded(history).events.map(\.sequence) == [2])
    }

    // MARK: - Two processes

    @Test func `a second start fails, and says who has the file`() throws {
        let first = history()
        _ = try first.load(limits(), now: now)
        let error = #expect(throws: SQLiteFileError.self) { try history().load(limits(), now: now) }
        let pid = ProcessInfo.processInfo.processIdentifier
        #expect(error?.description.contains("in use by another process (\(pid))") == true)
        try first.append([event(1)])
    }

    @Test func `a second start fails, too, where it has the file under another name`() throws {
        let first = history()
        _ = try first.load(limits(), now: now)
        let link = folder.path("link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path("events.db"))
        let second = SQLiteHistory(link, handoverTimeout: .zero)
        let error = #expect(throws: SQLiteFileError.self) { try second.load(limits(), now: now) }
        #expect(error?.description.contains("in use by another process") == true)
    }

    @Test func `a second start waits for the first to end, and has all that it stored`() async throws {
        let first = history()
        let epoch = try first.load(limits(), now: now).epoch
        let path = folder.path("events.db")
        let now = now
        let second = Task.detached {
            try SQLiteHistory(path, handoverTimeout: .seconds(60)).load(HistoryLimits(), now: now)
        }
        try first.append([event(1)])
        try first.close()
        let stored = try await second.value
        #expect(stored.epoch == epoch && stored.events.map(\.sequence) == [1])
    }

    @Test func `a store that is gone has given the file up`() throws {
        var first: SQLiteHistory? = history()
        _ = try first?.load(limits(), now: now)
        first = nil
        _ = try history().load(limits(), now: now)
    }
}
