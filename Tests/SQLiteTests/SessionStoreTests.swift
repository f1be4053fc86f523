import Foundation
import HTTPTypes
import Martlet
import MartletMiddleware
import MartletTesting
import Synchronization
import Testing

/// What all stores have in common.
@Suite struct SessionStoreTests {
    private static let cookie = "martlet_session"

    private func write(_ key: String, _ value: String, _ client: TestClient) async throws {
        #expect(try await client.post("/visit/write", form: ["key": key, "value": value]).status.kind == .successful)
    }

    private func read(_ key: String, _ client: TestClient) async throws -> String {
        try await client.get("/visit/read?key=\(key)").text
    }

    private func user(_ client: TestClient) async throws -> String { try await client.get("/visit/user").text }

    private func signIn(_ user: String, _ client: TestClient) async throws {
        #expect(try await client.post("/visit/sign-in", form: ["user": user]).status.kind == .successful)
    }

    // MARK: - Whose the id is

    @Test(arguments: StoreKind.allCases)
    func `an id from before the sign-in is worth nothing after it`(kind: StoreKind) async throws {
        let host = try SessionPlace(kind).host()
        let victim = host.client()
        try await write("cart", "3", victim)
        let planted = try #require(victim.cookies[Self.cookie])
        let handle = try await victim.get("/visit/handle").text
        try await signIn("ann", victim)
        let thief = host.client()
        thief.cookies[Self.cookie] = planted
        #expect(try await user(thief) == "nobody")
        try await write("cart", "4", thief)
        #expect(try await user(victim) == "ann")
        #expect(try await read("cart", victim) == "3")
        #expect(try await victim.get("/visit/handle").text == handle, "a renewal keeps the handle")
    }

    @Test(arguments: StoreKind.allCases)
    func `an id that nobody gave is not adopted, nor a handle without its secret`(kind: StoreKind) async throws {
        let host = try SessionPlace(kind).host()
        let ann = host.client()
        try await signIn("ann", ann)
        let handle = try await ann.get("/visit/handle").text
        for id in [SessionID().text, handle + SessionID().secret.text, handle, "../../etc/passwd", handle + handle] {
            let thief = host.client()
            thief.cookies[Self.cookie] = id
            #expect(try await user(thief) == "nobody")
            try await write("a", "1", thief)
            #expect(thief.cookies[Self.cookie] != id)
        }
        #expect(try await user(ann) == "ann")
    }

    @Test(arguments: StoreKind.allCases)
    func `whoever signs out is out, with every copy of the cookie`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let ann = host.client()
        try await signIn("ann", ann)
        let copy = ann.cookies[Self.cookie]
        try await ann.post("/visit/sign-out", form: [:])
        #expect(ann.cookies.isEmpty)
        ann.cookies[Self.cookie] = copy
        #expect(try await user(ann) == "nobody")
        let again = try place.host().client()
        again.cookies[Self.cookie] = copy
        #expect(try await user(again) == "nobody")
    }

    @Test(arguments: StoreKind.allCases)
    func `another user has nothing of the one before`(kind: StoreKind) async throws {
        let host = try SessionPlace(kind).host()
        let client = host.client()
        try await signIn("ann", client)
        try await write("secret", "1", client)
        let handle = try await client.get("/visit/handle").text
        let copy = client.cookies[Self.cookie]
        try await signIn("bob", client)
        #expect(try await user(client) == "bob")
        #expect(try await read("secret", client) == "-")
        #expect(try await client.get("/visit/handle").text != handle)
        client.cookies[Self.cookie] = copy
        #expect(try await user(client) == "nobody")
    }

    // MARK: - Time

    @Test(arguments: StoreKind.durable)
    func `the idle time goes on while no process runs`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let before = try place.host().client()
        try await signIn("ann", before)
        for (away, name) in [(599, "ann"), (600, "nobody")] {
            let host = try place.host()
            await host.clock.advance(by: .seconds(away))
            let client = host.client()
            client.cookies = before.cookies
            #expect(try await user(client) == name, "after \(away) seconds")
            // The use that the first one was is noted.
            if name == "ann" {
                await host.clock.advance(by: .seconds(599))
                #expect(try await user(client) == "ann")
                try await signIn("ann", before)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `the lifetime ends a session however much it is used, and begins with the sign-in`(kind: StoreKind)
        async throws
    {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let client = host.client()
        try await write("cart", "1", client)
        for _ in 0..<3 {
            await host.clock.advance(by: .seconds(500))
            #expect(try await read("cart", client) == "1")
        }
        try await signIn("ann", client)
        #expect(try await client.get("/visit/ends").text == "600.0")
        for _ in 0..<7 {
            await host.clock.advance(by: .seconds(500))
            #expect(try await user(client) == "ann")
        }
        #expect(try await client.get("/visit/ends").text == "100.0")
        await host.clock.advance(by: .seconds(99))
        #expect(try await user(client) == "ann")
        await host.clock.advance(by: .seconds(1))
        #expect(try await user(client) == "nobody")
    }

    @Test(arguments: StoreKind.durable)
    func `the lifetime goes on while no process runs`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        func host() throws -> TestHost { try place.host(place.sessions(idleTime: .seconds(36000))) }
        let before = try host().client()
        try await signIn("ann", before)
        for (away, name) in [(3599, "ann"), (3600, "nobody")] {
            let host = try host()
            await host.clock.advance(by: .seconds(away))
            let client = host.client()
            client.cookies = before.cookies
            #expect(try await user(client) == name, "after \(away) seconds")
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `what is over is swept away, in steps, and told of`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let sessions = try place.sessions()
        let ended = Ended()
        sessions.onEnd { session in ended.add(session) }
        let host = try place.host(sessions)
        for number in 0..<600 { _ = try await sessions.start(["a": "\(number)"], user: "ann") }
        await host.clock.advance(by: .seconds(300))
        let bob = host.client()
        try await signIn("bob", bob)
        await host.clock.advance(by: .seconds(301))
        // A round that the sign-in has begun may be under way.
        for _ in 0..<10 where ended.all.count < 600 { try await sessions.sweep() }
        #expect(try await place.open().sessions(of: "ann").isEmpty)
        #expect(ended.all.count == 600 && ended.all.allSatisfy { $0.user == "ann" })
        #expect(try await user(bob) == "bob")
    }

    // MARK: - Two requests at once

    @Test(arguments: StoreKind.allCases)
    func `parallel requests lose no write`(kind: StoreKind) async throws {
        let host = try SessionPlace(kind).host()
        let client = host.client()
        try await write("start", "1", client)
        let cookies = client.cookies
        try await withThrowingTaskGroup { group in
            for number in 0..<40 {
                group.addTask {
                    let one = host.client()
                    one.cookies = cookies
                    try await one.post("/visit/write", form: ["key": "k\(number)", "value": "\(number)"])
                }
            }
            try await group.waitForAll()
        }
        let values = try await client.get("/visit/all").json([String: String].self)
        #expect(values.count == 41)
    }

    /// Runs a request that is held up between load and save, and something else meanwhile.
    private func overlap(
        _ gate: VisitGate, _ host: TestHost, _ client: TestClient, _ form: KeyValuePairs<String, String>,
        _ work: () async throws -> Void
    ) async throws -> TestClient {
        let slow = host.client()
        slow.cookies = client.cookies
        async let response = slow.post("/visit/slow", form: form)
        await gate.holds(1)
        try await work()
        await gate.open()
        #expect(try await response.status.kind == .successful)
        return slow
    }

    @Test(arguments: StoreKind.allCases)
    func `a write that a renewal overtook is kept`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let client = host.client()
        try await write("start", "1", client)
        let slow = try await overlap(place.gate, host, client, ["key": "cart", "value": "3"]) {
            try await signIn("ann", client)
        }
        #expect(try await read("cart", client) == "3")
        #expect(slow.cookies[Self.cookie] != client.cookies[Self.cookie], "it did not learn the new id")
        #expect(try await user(slow) == "nobody")
    }

    @Test(arguments: StoreKind.allCases)
    func `a write that a renewal overtook does not undo what was written since`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let client = host.client()
        try await write("token", "old", client)
        _ = try await overlap(place.gate, host, client, ["key": "token", "value": "planted"]) {
            try await client.post("/visit/renew", form: [:])
            try await write("token", "new", client)
        }
        #expect(try await read("token", client) == "new")
    }

    @Test(arguments: StoreKind.allCases)
    func `of two renewals one wins, and the other's values go with it`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let client = host.client()
        try await write("start", "1", client)
        let slow = try await overlap(place.gate, host, client, ["key": "a", "value": "2", "renews": "true"]) {
            try await client.post("/visit/renew", form: [:])
        }
        #expect(try await client.get("/visit/all").json([String: String].self) == ["start": "1", "a": "2"])
        #expect(
            try await slow.get("/visit/all").json([String: String].self) == [:], "the id of the thief is worth nothing")
    }

    @Test(arguments: StoreKind.allCases)
    func `of two sign-ins at once each has a session, with what the client had before`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let host = try place.host()
        let client = host.client()
        try await write("cart", "3", client)
        let slow = try await overlap(place.gate, host, client, ["user": "ann"]) { try await signIn("ann", client) }
        for one in [client, slow] {
            #expect(try await user(one) == "ann")
            #expect(try await read("cart", one) == "3")
        }
        #expect(try await client.get("/visit/handle").text != slow.get("/visit/handle").text)
    }

    @Test(arguments: StoreKind.allCases)
    func `a session that ended meanwhile does not come back`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let sessions = try place.sessions()
        let host = try place.host(sessions)
        for form in [["key": "a", "value": "1"], ["renews": "true"], ["key": "a", "value": "1", "renews": "true"]]
            as [KeyValuePairs<String, String>]
        {
            let client = host.client()
            try await signIn("ann", client)
            let slow = try await overlap(place.gate, host, client, form) { try await sessions.endAll(of: "ann") }
            #expect(try await user(client) == "nobody")
            #expect(try await user(slow) == "nobody")
            #expect(try await read("a", slow) == "-")
            #expect(try await sessions.all(of: "ann").isEmpty)
        }
    }

    // MARK: - A user's sessions

    @Test(arguments: StoreKind.allCases)
    func `a user lists sessions and ends them`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        let sessions = try place.sessions()
        let ended = Ended()
        sessions.onEnd { session in ended.add(session) }
        let host = try place.host(sessions)
        let phone = host.client(headers: [.userAgent: "phone"])
        let desk = host.client(headers: [.userAgent: "desk"])
        let bob = host.client(headers: [.userAgent: String(repeating: "b", count: 255) + "é"])
        try await signIn("ann", phone)
        await host.clock.advance(by: .seconds(30))
        try await signIn("ann", desk)
        try await signIn("bob", bob)
        let list = try await sessions.all(of: "ann")
        #expect(list.map(\.device) == ["desk", "phone"])
        #expect(list.map(\.lastUse) == [host.clock.date, host.clock.date - 30])
        #expect(list.allSatisfy { $0.address?.isEmpty == false && $0.user == "ann" })
        #expect(try await sessions.all(of: "bob").first?.device == String(repeating: "b", count: 255))
        #expect(!"\(list)".contains(phone.cookies[Self.cookie]?.suffix(32) ?? "-"), "no secret in it")

        let handle = list[1].handle
        // A handle of somebody else's session, and one of none.
        #expect(try await bob.post("/visit/end", form: ["handle": handle.text]).json(Bool.self) == false)
        #expect(try await desk.post("/visit/end", form: ["handle": SessionHandle().text]).json(Bool.self) == false)
        #expect(try await desk.post("/visit/end", form: ["handle": "../x"]).status == .badRequest)
        #expect(try await user(phone) == "ann")
        #expect(try await desk.post("/visit/end", form: ["handle": handle.text]).json(Bool.self) == true)
        #expect(try await user(phone) == "nobody")
        #expect(ended.all == [EndedSession(handle: handle, user: "ann")])

        try await signIn("ann", phone)
        try await signIn("ann", host.client())
        #expect(try await desk.post("/visit/end-others", form: [:]).json(Int.self) == 2)
        #expect(try await user(desk) == "ann")
        #expect(try await user(phone) == "nobody")
        #expect(try await user(bob) == "bob")
        #expect(try await sessions.endAll(of: "ann") == 1)
        #expect(ended.all.count == 4)
    }

    @Test(arguments: StoreKind.allCases)
    func `of sessions that give way it is told`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind, maxSessions: 3)
        let sessions = try place.sessions()
        let ended = Ended()
        sessions.onEnd { session in ended.add(session) }
        let host = try place.host(sessions)
        let ann = host.client()
        try await signIn("ann", ann)
        #expect(try await user(ann) == "ann")
        for _ in 0..<10 { try await write("a", "1", host.client()) }
        #expect(ended.all.count == 8 && ended.all.allSatisfy { $0.user == nil })
        #expect(try await user(ann) == "ann")
    }

    final class Ended: Sendable {
        private let sessions = Mutex<[EndedSession]>([])
        var all: [EndedSession] { sessions.withLock { $0 } }
        func add(_ session: EndedSession) { sessions.withLock { $0.append(session) } }
    }
}
