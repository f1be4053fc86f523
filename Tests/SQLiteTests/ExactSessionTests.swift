import Foundation
import GRDB
import Martlet
import MartletSQLite
import Testing

/// What a session has comes back byte for byte.
@Suite struct ExactSessionTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func store() throws -> SQLiteSessionStore {
        try SQLiteSessionStore(folder.path("sessions.db"), idleTime: .seconds(100), now: { .now })
    }

    /// In the order of the bytes, which `==` of texts does not look at.
    private func exact(_ values: [String: String]?) -> [[[UInt8]]]? {
        values?.map { [Array($0.key.utf8), Array($0.value.utf8)] }.sorted { $0.debugDescription < $1.debugDescription }
    }

    @Test func `a name with a NUL does not become another's`() async throws {
        let id = SessionID()
        try await store().create(id, ["name": "admin\0", "a\0b": ""])
        #expect(try await store().load(id) == ["name": "admin\0", "a\0b": ""])
        try await store().update(id, ["name": "\0", "a": "1"])
        #expect(try await store().load(id) == ["name": "\0", "a\0b": "", "a": "1"])
    }

    /// As in the dictionary that the memory's store has.
    @Test func `a key that is written with other code points is the same key`() async throws {
        let (store, id) = (try store(), SessionID())
        try await store.create(id, ["é": "1", "K": "1"])
        try await store.update(id, ["e\u{301}": "2", "\u{212A}": nil])
        #expect(try await store.load(id) == ["é": "2"])
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `random keys and values come back`(_ seed: UInt64) async throws {
        var random = RandomText(seed: seed)
        let id = SessionID()
        func values() -> [String: String] {
            Dictionary((0..<20).map { _ in (random.text(upTo: 2), random.text()) }, uniquingKeysWith: { $1 })
        }
        var expected = values()
        try await store().create(id, expected)
        #expect(try await exact(store().load(id)) == exact(expected))
        for _ in 0..<10 {
            let changes = values().mapValues { random.number(below: 3) == 0 ? nil : $0 }
            for (key, value) in changes {
                expected[key] = nil
                if let value { expected[key] = value }
            }
            try await store().update(id, changes)
            #expect(try await exact(store().load(id)) == exact(expected))
        }
    }

    @Test func `a file of the first format is read, and written on`() async throws {
        let id = SessionID()
        let database = try DatabaseQueue(path: folder.path("sessions.db"))
        try await database.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE martlet_sessions (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL);
                    CREATE TABLE martlet_session (id TEXT PRIMARY KEY, last_use REAL NOT NULL) WITHOUT ROWID;
                    CREATE INDEX martlet_session_last_use ON martlet_session (last_use);
                    CREATE TABLE martlet_session_value (
                        session TEXT NOT NULL REFERENCES martlet_session (id) ON DELETE CASCADE, key TEXT NOT NULL,
                        value TEXT NOT NULL, PRIMARY KEY (session, key)) WITHOUT ROWID;
                    INSERT INTO martlet_sessions VALUES (1, 1);
                    INSERT INTO martlet_session VALUES ('\(id.text)', \(Date.now.timeIntervalSince1970));
                    INSERT INTO martlet_session_value VALUES ('\(id.text)', 'name', '线'), ('\(id.text)', 'note', '');
                    """)
        }
        try database.close()
        #expect(try await store().load(id) == ["name": "线", "note": ""])
        try await store().update(id, ["name": "ada\0", "note": nil])
        #expect(try await store().load(id) == ["name": "ada\0"])
    }
}
