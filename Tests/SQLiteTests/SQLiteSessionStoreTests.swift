import Foundation
import GRDB
import Martlet
import MartletMiddleware
import MartletSQLite
import Testing

@Suite struct SQLiteSessionStoreTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func store(maxSessions: Int = 1000) throws -> SQLiteSessionStore {
        try SQLiteSessionStore(
            folder.path("sessions.db"), busyTimeout: .milliseconds(20), maxSessions: maxSessions)
    }

    private func session(user: String? = nil, at seconds: Double = 0) -> StoredSession {
        StoredSession(
            SessionID(), user: user, values: ["a": "1"],
            use: SessionUse(date: Date(timeIntervalSince1970: 1_800_000_000 + seconds)))
    }

    @Test func `a locked file is an error of the request that needs it`() async throws {
        let store = try store()
        let other = try OtherProgram(folder.path("sessions.db"))
        try other.lock()
        await #expect(throws: SQLiteFileError.self) { try await store.create(session()) }
        try other.unlock()
        try await store.create(session())
    }

    @Test func `a file that cannot be read is named`() async throws {
        let store = try store()
        let session = session()
        try await store.create(session)
        let other = try DatabaseQueue(path: folder.path("sessions.db"))
        try await other.write { try $0.execute(sql: "UPDATE martlet_session SET session = x'00'") }
        let damaged = await #expect(throws: SQLiteFileError.self) { try await store.load(session.handle) }
        #expect(damaged?.description.contains("a session in it cannot be read") == true)
        try await other.write { try $0.execute(sql: "DROP TABLE martlet_session") }
        let error = await #expect(throws: SQLiteFileError.self) { try await store.load(session.handle) }
        #expect(error?.description.contains("sessions.db' cannot be used") == true)
    }

    /// As where a service manager starts several workers.
    @Test func `several processes may make the file at the same time`() async throws {
        for round in 0..<5 {
            let path = folder.path("\(round).db")
            try await withThrowingTaskGroup { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await SQLiteSessionStore(path, busyTimeout: .seconds(60)).create(session())
                    }
                }
                try await group.waitForAll()
            }
            let file = try OtherProgram(path)
            #expect(try file.count(of: "martlet_session") == 6)
        }
    }

    @Test func `a damaged file ends the start-up with a sentence`() throws {
        try Data("this is a text and no database".utf8).write(to: URL(filePath: folder.path("sessions.db")))
        let error = #expect(throws: StartupError.self) { try store() }
        #expect(error?.description.hasPrefix("The sessions cannot be kept: the file '") == true)
    }

    @Test(arguments: [1, 2]) func `a file of an earlier format begins anew`(format: Int) async throws {
        let database = try DatabaseQueue(path: folder.path("sessions.db"))
        try await database.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE martlet_sessions (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL);
                    CREATE TABLE martlet_session (id TEXT PRIMARY KEY, last_use REAL NOT NULL) WITHOUT ROWID;
                    CREATE INDEX martlet_session_last_use ON martlet_session (last_use);
                    CREATE TABLE martlet_session_value (
                        session TEXT NOT NULL REFERENCES martlet_session (id) ON DELETE CASCADE, key BLOB NOT NULL,
                        value BLOB NOT NULL, PRIMARY KEY (session, key)) WITHOUT ROWID;
                    INSERT INTO martlet_sessions VALUES (1, \(format));
                    INSERT INTO martlet_session VALUES ('0123', 1);
                    INSERT INTO martlet_session_value VALUES ('0123', x'61', x'62');
                    """)
        }
        try database.close()
        let session = session(user: "7")
        try await store().create(session)
        #expect(try await store().load(session.handle) == session)
        let file = try OtherProgram(folder.path("sessions.db"))
        #expect(try file.count(of: "martlet_session") == 1)
    }

    @Test func `a file of a later format ends the start-up`() async throws {
        _ = try store()
        let database = try DatabaseQueue(path: folder.path("sessions.db"))
        try await database.write { try $0.execute(sql: "UPDATE martlet_sessions SET format = 4") }
        try database.close()
        let error = #expect(throws: StartupError.self) { try store() }
        #expect(error?.description.contains("has format 4, and this version of Martlet reads format 3") == true)
    }

    @Test func `a flood takes the place of its own, and not of users`() async throws {
        let store = try store(maxSessions: 50)
        let users = (0..<30).map { session(user: "\($0)") }
        for user in users { try await store.create(user) }
        for second in 0..<500 { try await store.create(session(at: Double(second))) }
        let file = try OtherProgram(folder.path("sessions.db"))
        #expect(try file.count(of: "martlet_session") == 50)
        for user in users { #expect(try await store.load(user.handle) == user) }
        // A store that is opened on a full file holds it to the same number.
        let small = try self.store(maxSessions: 40)
        try await small.create(session(at: 1000))
        #expect(try file.count(of: "martlet_session") == 40)
    }
}
