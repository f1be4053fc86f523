import Foundation
import Martlet
import MartletMiddleware
import MartletTesting
import Testing

@Suite struct FileSessionStoreTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path("sessions") }
    private func file(_ session: StoredSession) -> String { "\(path)/\(session.handle).json" }

    private func session(user: String? = nil, at seconds: Double = 0) -> StoredSession {
        let date = Date(timeIntervalSince1970: 1_800_000_000 + seconds)
        return StoredSession(SessionID(), user: user, values: ["a": "1"], use: SessionUse(date: date))
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber).intValue
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".lock-") }.sorted()
    }

    @Test func `folder and files are for their owner alone, and nothing is left beside them`() async throws {
        let store = try FileSessionStore(path)
        let session = session()
        try await store.create(session)
        _ = try await store.update(session.handle, SessionChange(of: session, at: session.lastUse))
        #expect(try mode(path) == 0o700)
        #expect(try mode(file(session)) == 0o600)
        #expect(try names() == ["\(session.handle).json"])
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            #expect(try mode("\(path)/\(name)") == 0o600)
        }
    }

    @Test func `a folder that others could read is closed to them`() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        _ = try FileSessionStore(path)
        #expect(try mode(path) == 0o700)
    }

    @Test func `what is no folder ends the start-up with a sentence`() throws {
        try Data().write(to: URL(filePath: path))
        let error = #expect(throws: StartupError.self) { try FileSessionStore(path) }
        #expect(error?.description.hasPrefix("The sessions cannot be kept: '\(path)' cannot be opened: ") == true)
        let missing = #expect(throws: StartupError.self) { try FileSessionStore(path + "/a/b") }
        #expect(missing?.description.contains("cannot be made") == true)
    }

    /// What stands under the name of a session and is none: damage, links, pipes, folders.
    enum Garbage: CaseIterable {
        case empty, text, half, otherHandle, huge, link, pipe, folder

        func put(at path: String, _ session: StoredSession) throws {
            let files = FileManager.default
            let json = try JSONEncoder().encode(session)
            try? files.removeItem(atPath: path)
            switch self {
            case .empty: try Data().write(to: URL(filePath: path))
            case .text: try Data("\0no JSON".utf8).write(to: URL(filePath: path))
            case .half: try json.prefix(json.count / 2).write(to: URL(filePath: path))
            case .otherHandle:
                let other = StoredSession(SessionID(), user: "root", values: [:], use: session.lastUse)
                try JSONEncoder().encode(other).write(to: URL(filePath: path))
            case .huge:
                try Data().write(to: URL(filePath: path))
                #expect(truncate(path, 1 << 40) == 0)
            case .link:
                let target = path + "-elsewhere"
                try json.write(to: URL(filePath: target))
                try files.createSymbolicLink(atPath: path, withDestinationPath: target)
            case .pipe: #expect(mkfifo(path, 0o600) == 0)
            case .folder: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            }
        }
    }

    @Test(arguments: Garbage.allCases)
    func `what is damaged is no session, and harms no other`(garbage: Garbage) async throws {
        let store = try FileSessionStore(path)
        let (good, bad) = (session(user: "ann"), session(user: "ann"))
        try await store.create(good)
        try await store.create(bad)
        try garbage.put(at: file(bad), bad)
        #expect(try await store.load(bad.handle) == nil)
        let outcome = try await store.update(bad.handle, SessionChange(of: bad, at: bad.lastUse))
        #expect("\(outcome)" == "gone")
        #expect(try await store.sessions(of: "ann") == [good])
        let host = try TestHost(
            controllers: VisitController.self, services: VisitGate(folder),
            middleware: Sessions(try FileSessionStore(path)))
        let client = host.client()
        client.cookies["martlet_session"] = good.handle.text + good.secret.text
        #expect(try await client.get("/visit/user").text == "ann")
        client.cookies["martlet_session"] = bad.handle.text + bad.secret.text
        #expect(try await client.get("/visit/user").text == "nobody")
        // A sweep takes away what can be no session any more.
        let sessions = Sessions(store, idleTime: .seconds(1e9), lifetime: .seconds(1e9))
        try await sessions.sweep()
        #expect(try await store.load(good.handle) == good)
        #expect(FileManager.default.fileExists(atPath: file(bad)) == (garbage == .folder))
        if garbage == .link { #expect(FileManager.default.fileExists(atPath: file(bad) + "-elsewhere"), "not its own") }
    }

    @Test func `other files in the folder are left alone, what a killed process left is not`() async throws {
        let store = try FileSessionStore(path)
        let session = session()
        try await store.create(session)
        let handle = SessionHandle().text
        let leftover = "\(handle)-\(SessionHandle().text).new"
        let fresh = "\(handle)-\(SessionHandle().text).new"
        let others = ["notes.txt", "x.json", "\(handle).txt", "\(handle)x.json", "a-b.new", "\(handle).new"]
        for name in others + [leftover, fresh] { try Data("x".utf8).write(to: URL(filePath: "\(path)/\(name)")) }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: "\(path)/\(leftover)")
        _ = try FileSessionStore(path)
        #expect(try names() == (others + [fresh, "\(session.handle).json"]).sorted())
    }

    @Test func `a flood takes the place of its own, and not of those who use theirs`() async throws {
        let store = try FileSessionStore(path, maxSessions: 50)
        let users = (0..<30).map { _ in session() }
        for user in users {
            try await store.create(user)
            #expect(try await store.load(user.handle) == user)
        }
        for _ in 0..<300 { try await store.create(session()) }
        #expect(try names().count == 50)
        for user in users { #expect(try await store.load(user.handle) == user) }
        // A restart does not forget how many there are.
        let again = try FileSessionStore(path, maxSessions: 50)
        for _ in 0..<20 { try await again.create(session()) }
        #expect(try names().count == 50)
    }

    @Test func `a session that is too large is an error, and the one before stays`() async throws {
        let store = try FileSessionStore(path)
        let session = session()
        try await store.create(session)
        var change = SessionChange(of: session, at: session.lastUse)
        change.values = ["large": String(repeating: "x", count: 1 << 20)]
        let error = await #expect(throws: FileSessionError.self) { try await store.update(session.handle, change) }
        #expect(error?.description.contains("cannot hold the session") == true)
        #expect(try await store.load(session.handle) == session)
        #expect(try names() == ["\(session.handle).json"])
    }

    @Test func `two processes may change one session at the same time`() async throws {
        let (one, other) = (try FileSessionStore(path), try FileSessionStore(path, survivesPowerLoss: true))
        let session = session()
        try await one.create(session)
        try await withThrowingTaskGroup { group in
            for number in 0..<60 {
                group.addTask {
                    var change = SessionChange(of: session, at: session.lastUse)
                    change.values = ["k\(number)": "1"]
                    _ = try await (number % 2 == 0 ? one : other).update(session.handle, change)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await one.load(session.handle)?.values.count == 61)
    }
}
