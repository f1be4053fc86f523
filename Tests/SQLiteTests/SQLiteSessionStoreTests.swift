import Foundation
import GRDB
import Martlet
import MartletSQLite
import MartletTesting
import Synchronization
import Testing

@Suite struct SQLiteSessionStoreTests {
    /// A time of day that goes on when the test says so.
    final class Day: Sendable {
        private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        var now: Date { time.withLock { $0 } }
        func advance(by seconds: Double) { time.withLock { $0 += seconds } }
    }

    let folder: TemporaryFolder
    let day = Day()
    init() throws { folder = try TemporaryFolder() }

    private func store(idleTime: Duration = .seconds(100)) throws -> SQLiteSessionStore {
        try SQLiteSessionStore(
            folder.path("sessions.db"), idleTime: idleTime, busyTimeout: .milliseconds(20), now: { [day] in day.now })
    }

    @Test func `a session outlives the store that made it`() async throws {
        let id = SessionID()
        try await store().create(id, ["user_id": "7", "name": "林\"小燕\""])
        #expect(try await store().load(id) == ["user_id": "7", "name": "林\"小燕\""])
        #expect(try await store().load(SessionID()) == nil)
    }

    @Test func `single values change, and two changes do not undo each other`() async throws {
        let (one, other, id) = (try store(), try store(), SessionID())
        try await one.create(id, ["a": "1", "b": "1", "c": "1"])
        try await one.update(id, ["a": "2"])
        try await other.update(id, ["b": nil, "d": "4"])
        #expect(try await one.load(id) == ["a": "2", "c": "1", "d": "4"])
    }

    @Test func `a session that is gone stays so`() async throws {
        let (store, id) = (try store(), SessionID())
        try await store.create(id, ["a": "1"])
        try await store.remove(id)
        try await store.update(id, ["a": "2"])
        #expect(try await store.load(id) == nil)
        try await store.create(id, [:])
        #expect(try await store.load(id) == [:], "its values went with it")
    }

    @Test func `a session ends when it is not used for the idle time, also while no process runs`() async throws {
        let (used, idle) = (SessionID(), SessionID())
        try await store().create(used, [:])
        try await store().create(idle, [:])
        day.advance(by: 60)
        #expect(try await store().load(used) == [:])
        day.advance(by: 60)
        #expect(try await store().load(used) == [:])
        #expect(try await store().load(idle) == nil)
    }

    @Test func `sessions that nobody asks for again do not stay in the file`() async throws {
        let store = try store()
        for _ in 0..<10 { try await store.create(SessionID(), ["a": "1"]) }
        day.advance(by: 200)
        try await store.create(SessionID(), ["a": "1"])
        let file = try OtherProgram(folder.path("sessions.db"))
        for table in ["martlet_session", "martlet_session_value"] {
            #expect(try file.count(of: table) == 1, "\(table)")
        }
    }

    @Test func `a locked file is an error of the request that needs it`() async throws {
        let store = try store()
        let other = try OtherProgram(folder.path("sessions.db"))
        try other.lock()
        await #expect(throws: SQLiteFileError.self) { try await store.create(SessionID(), [:]) }
        try other.unlock()
        try await store.create(SessionID(), [:])
    }

    @Test func `a file that cannot be read is named`() async throws {
        let store = try store()
        let id = SessionID()
        try await store.create(id, [:])
        let other = try DatabaseQueue(path: folder.path("sessions.db"))
        try await other.write { try $0.execute(sql: "DROP TABLE martlet_session_value") }
        let error = await #expect(throws: SQLiteFileError.self) { try await store.load(id) }
        #expect(error?.description.contains("sessions.db' cannot be used") == true)
    }

    /// As where a service manager starts several workers.
    @Test func `several processes may make the file at the same time`() async throws {
        for round in 0..<5 {
            let path = folder.path("\(round).db")
            try await withThrowingTaskGroup { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await SQLiteSessionStore(path, busyTimeout: .seconds(60)).create(SessionID(), ["a": "1"])
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

    @Controller struct VisitController {
        @POST func enter(name: String, _ ctx: Context) { ctx.session["name"] = name }
        func index(_ ctx: Context) -> String { ctx.session["name"] ?? "nobody" }
        @POST func leave(_ ctx: Context) { ctx.session.destroy() }
    }

    @Test func `a visitor is known after a restart, until the visitor leaves`() async throws {
        func start() throws -> TestHost {
            let store = try store()
            return try TestHost(controllers: VisitController.self) { $0.use(Sessions(store)) }
        }
        let before = try start().client()
        try await before.post("/visit/enter", form: ["name": "Ada"])
        let after = try start().client()
        after.cookies = before.cookies
        #expect(try await after.get("/visit").text == "Ada")
        let cookies = after.cookies
        try await after.post("/visit/leave", form: [:])
        after.cookies = cookies
        #expect(try await after.get("/visit").text == "nobody")
    }
}
