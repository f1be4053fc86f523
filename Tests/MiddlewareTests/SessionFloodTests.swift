import Foundation
import Martlet
import MartletTesting
import NIOCore
import Testing

@testable import MartletCore
@testable import MartletMiddleware

@Suite struct SessionFloodTests {
    private func session(_ user: String? = nil) -> StoredSession {
        StoredSession(SessionID(), user: user, values: ["a": "1"], use: SessionUse(date: .testStart))
    }

    @Test func `a flood of sessions takes the place of its own, and not of those who use theirs`() {
        let store = MemorySessionStore(maxSessions: 100)
        let users = (0..<60).map { _ in session() }
        for user in users {
            store.create(user)
            #expect(store.load(user.handle) == user)
        }
        for _ in 0..<5000 { store.create(session()) }
        #expect(store.count == 100)
        #expect(users.allSatisfy { store.load($0.handle) != nil })
        // Where all are used, the last uses decide.
        let crowd = (0..<200).map { _ in session() }
        for one in crowd {
            store.create(one)
            _ = store.load(one.handle)
            _ = store.load(users[0].handle)
        }
        #expect(store.count == 100)
        #expect(store.load(users[0].handle) != nil)
        #expect(crowd.suffix(99).allSatisfy { store.load($0.handle) != nil })
    }

    /// Ten thousand, or as many as `MARTLET_FLOOD` says.
    private static let flood = ProcessInfo.processInfo.environment["MARTLET_FLOOD"].flatMap { Int($0) } ?? 10_000

    /// Not in one turn: other tests have the loop, too.
    private func inTurns(of loop: any EventLoop, _ work: @escaping @Sendable () -> Void) async throws {
        for _ in 0..<(Self.flood / 50) { try await loop.submit { for _ in 0..<50 { work() } }.get() }
    }

    @Test func `a flood of made-up cookies leaves nothing behind`() async throws {
        let store = MemorySessionStore()
        let host = try TestHost(controllers: SessionController.self) { builder in
            builder.use(Sessions(store))
            builder.services.add(SessionController.Gate(size: 2))
        }
        let user = host.client()
        try await user.post("/session/write", form: ["key": "user", "value": "Ann"])
        let application = host.application
        let loop = application.executors[0].eventLoop
        try await inTurns(of: loop) {
            let cookie = "martlet_session=\(SessionID().text)"
            let ctx = application.context(
                request: Request(method: .get, target: "/session/keys", headers: [.cookie: "\(cookie); \(cookie)"]),
                client: ClientInfo(connectionID: 1, address: "::1", port: 1), eventLoop: loop)
            guard case .now(let response) = application.answer(ctx) else {
                Issue.record("it waits")
                return
            }
            if response.headers[.setCookie] != nil { Issue.record("it was adopted") }
        }
        #expect(store.count == 1)
        #expect(try await user.get("/session/read?key=user").text == "Ann")
    }

    @Test func `a flood of requests that each make a session pushes out its own`() async throws {
        let store = MemorySessionStore(maxSessions: 1000)
        let host = try TestHost(controllers: SessionController.self) { builder in
            builder.use(Sessions(store))
            builder.services.add(SessionController.Gate(size: 2))
        }
        let user = host.client()
        try await user.post("/session/write", form: ["key": "user", "value": "Ann"])
        #expect(try await user.get("/session/read?key=user").text == "Ann")
        let application = host.application
        let loop = application.executors[0].eventLoop
        try await inTurns(of: loop) {
            let ctx = application.context(
                request: Request(method: .get, target: "/session/copy"),
                client: ClientInfo(connectionID: 1, address: "::1", port: 1), eventLoop: loop)
            _ = application.answer(ctx)
        }
        #expect(store.count == 1000)
        #expect(try await user.get("/session/read?key=user").text == "Ann")
    }
}

/// Against a list that is searched.
@Suite struct RecencyTableTests {
    private struct Model {
        var entries: [(key: Int, value: Int, isUsed: Bool)] = []
        /// Whose turn it is: of the unused, as of the used, the first in the list.
        var first: Int? { (entries.first { !$0.isUsed } ?? entries.first)?.key }
        func index(_ key: Int) -> Int? { entries.firstIndex { $0.key == key } }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `it does what a list does`(seed: UInt64) {
        var random = SeededNumbers(seed)
        var table = RecencyTable<Int, Int>()
        var model = Model()
        for step in 0..<3000 {
            let key = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3:
                table.add(key, step)
                if let index = model.index(key) {
                    model.entries[index].value = step
                } else {
                    model.entries.append((key, step, false))
                }
            case 3..<6:
                let index = model.index(key)
                #expect(table.use(key) == index.map { model.entries[$0].value })
                if let index {
                    let entry = model.entries.remove(at: index)
                    model.entries.append((entry.key, entry.value, true))
                }
            case 6:
                let index = model.index(key)
                let result: Int? = table.change(key) { value in
                    value += 1
                    return value
                }
                if let index { model.entries[index].value += 1 }
                #expect(result == index.map { model.entries[$0].value })
            case 7:
                #expect(table.remove(key) == model.index(key).map { model.entries.remove(at: $0).value })
            case 8:
                guard let first = table.first else { break }
                table.remove(first)
                if let index = model.index(first) { model.entries.remove(at: index) }
            default:
                var seen: [Int] = []
                // From wherever it stands, two rounds meet every key.
                var rounds = 0
                while rounds < 2 {
                    let part = table.nextPart(upTo: 7)
                    seen += part.keys
                    if part.isLast { rounds += 1 }
                }
                #expect(Set(seen) == Set(model.entries.map(\.key)))
            }
            #expect(table.first == model.first)
            #expect(table.count == model.entries.count)
            #expect(table[key] == model.index(key).map { model.entries[$0].value })
        }
    }
}

/// SplitMix64.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
