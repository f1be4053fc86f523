import Foundation
import Martlet
import NIOPosix
import Testing

@testable import MartletCore
@testable import MartletMiddleware
@testable import MartletTesting

@Controller("session")
struct SessionController {
    @GET func read(key: String, _ ctx: Context) -> String { ctx.session[key] ?? "nil" }
    @GET func keys(_ ctx: Context) -> String { ctx.session.keys.joined(separator: ",") }
    @POST func write(key: String, value: String?, _ ctx: Context) { ctx.session[key] = value }
    @GET func copy(_ ctx: Context) { ctx.session["b"] = ctx.session["a"] ?? "nothing" }
    @POST func renew(_ ctx: Context) { ctx.session.renew() }
    @POST func login(user: String, _ ctx: Context) {
        ctx.session.renew()
        ctx.session["user"] = user
    }
    @POST func destroy(_ ctx: Context) { ctx.session.destroy() }
    /// Logs out, and leaves a word for the next page.
    @POST func farewell(_ ctx: Context) {
        ctx.session.destroy()
        ctx.session["notice"] = "bye"
    }
    @POST func failing(_ ctx: Context) throws {
        ctx.session["user"] = "x"
        throw HTTPError(.conflict)
    }
    @GET("slow") func slow(key: String, gate: Gate, _ ctx: Context) async -> String {
        ctx.session[key] = "1"
        await gate.pass()
        return "done"
    }

    /// Lets requests go on only when several are there.
    actor Gate {
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private let size: Int
        init(size: Int) { self.size = size }
        func pass() async {
            if waiting.count == size - 1 {
                for one in waiting { one.resume() }
                waiting = []
            } else {
                await withCheckedContinuation { waiting.append($0) }
            }
        }
    }
}

@Suite struct SessionTests {
    let store = MemorySessionStore()
    let sessions: Sessions
    let host: TestHost
    let cookie = "martlet_session"

    init() throws {
        let sessions = Sessions(store, idleTime: .seconds(60), lifetime: .seconds(600))
        self.sessions = sessions
        host = try TestHost(controllers: SessionController.self) { builder in
            builder.use(sessions)
            builder.services.add(SessionController.Gate(size: 2))
        }
    }

    private func wait(_ duration: Duration) async { await host.clock.advance(by: duration) }

    private func read(_ key: String, _ client: TestClient) async throws -> String {
        try await client.get("/session/read?key=\(key)").text
    }

    private func write(_ key: String, _ value: String, _ client: TestClient) async throws {
        try await client.post("/session/write", form: ["key": key, "value": value])
    }

    @Test func `a value is there in the next request of the same client only`() async throws {
        let client = host.client()
        try await write("user", "Ann \"漢\"", client)
        #expect(try await read("user", client) == "Ann \"漢\"")
        #expect(try await read("user", host.client()) == "nil")
    }

    @Test func `no cookie is set and nothing stored before the first value`() async throws {
        let client = host.client()
        #expect(try await read("user", client) == "nil")
        try await client.request(.post, "/session/renew")
        try await client.request(.post, "/session/destroy")
        #expect(client.cookies.isEmpty)
        #expect(store.count == 0)
    }

    @Test func `the cookie is out of reach of scripts and other sites`() async throws {
        let response = try await host.client().post("/session/write", form: ["key": "a", "value": "b"])
        let line = try #require(response.headers[.setCookie])
        #expect(line.contains(/^martlet_session=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax$/))
        #expect(response.headers[.cacheControl] == "no-cache=\"set-cookie\"")
    }

    @Test(arguments: [
        (nil, false, "martlet_session="), (nil, true, "__Host-martlet_session="), ("sid", false, "sid="),
        ("sid", true, "sid="),
    ])
    func `over TLS the cookie is Secure, and no other host can set it`(name: String?, isSecure: Bool, start: String)
        async throws
    {
        let client = try TestHost(controllers: SessionController.self) { builder in
            builder.use(Sessions(.memory, cookieName: name, isSecure: isSecure))
            builder.services.add(SessionController.Gate(size: 2))
        }.client()
        let response = try await client.post("/session/write", form: ["key": "a", "value": "b"])
        let line = try #require(response.headers[.setCookie])
        #expect(line.hasPrefix(start) && line.contains("; Secure") == isSecure)
        #expect(line.contains("; Path=/;") && !line.contains("Domain"))
    }

    @Test func `a request that says https gets the cookie for TLS, and no other`() async throws {
        let id = try await sessions.start(["a": "1"])
        for (cookie, scheme, isNew) in [
            ("martlet_session", "http", false), ("martlet_session", "https", true),
            ("__Host-martlet_session", "http", true),
            ("__Host-martlet_session", "https", false),
        ] {
            let request = Request(
                method: .get, target: "/session/copy", scheme: scheme, headers: [.cookie: "\(cookie)=\(id.text)"])
            let ctx = host.application.context(
                request: request, client: ClientInfo(connectionID: 1, address: "::1", port: 1),
                eventLoop: MultiThreadedEventLoopGroup.singleton.next())
            let line = await host.application.answer(ctx).response.headers[.setCookie]
            #expect((line != nil) == isNew, "\(cookie) \(scheme)")
            if scheme == "https", let line { #expect(line.hasPrefix("__Host-") && line.contains("; Secure")) }
        }
    }

    @Test func `the cookie is set once, not with every request`() async throws {
        let client = host.client()
        try await write("a", "1", client)
        let again = try await client.post("/session/write", form: ["key": "b", "value": "2"])
        #expect(again.headers[.setCookie] == nil)
        #expect(try await client.get("/session/keys").text == "a,b")
    }

    @Test func `a session ends when it was idle, and lives while it is used`() async throws {
        let client = host.client()
        try await write("user", "Ann", client)
        for _ in 0..<5 {
            await wait(.seconds(59))
            #expect(try await read("user", client) == "Ann")
        }
        await wait(.seconds(60))
        #expect(try await read("user", client) == "nil")
        #expect(store.count == 0)
    }

    @Test func `sessions that nobody asks for again are swept away`() async throws {
        for _ in 0..<10 { try await write("a", "1", host.client()) }
        #expect(store.count == 10)
        await wait(.seconds(61))
        try await write("a", "1", host.client())
        #expect(store.count == 1)
    }

    @Test func `renew changes the id and keeps the values`() async throws {
        let client = host.client()
        try await write("cart", "3", client)
        let old = try #require(client.cookies[cookie])
        try await client.post("/session/login", form: ["user": "Ann"])
        let new = try #require(client.cookies[cookie])
        #expect(new != old)
        #expect(try await client.get("/session/keys").text == "cart,user")
        let thief = host.client()
        thief.cookies[cookie] = old
        #expect(try await thief.get("/session/keys").text == "")
        #expect(store.count == 1)
    }

    @Test func `destroy forgets the values and the cookie`() async throws {
        let client = host.client()
        try await write("user", "Ann", client)
        let old = client.cookies[cookie]
        let response = try await client.request(.post, "/session/destroy")
        #expect(response.headers[.setCookie]?.contains("Max-Age=0") == true)
        #expect(client.cookies.isEmpty)
        client.cookies[cookie] = old
        #expect(try await read("user", client) == "nil")
        #expect(store.count == 0)
    }

    @Test func `what is set after destroy is all that is left, under another id`() async throws {
        let client = host.client()
        try await write("user", "Ann", client)
        let old = try #require(client.cookies[cookie])
        try await client.request(.post, "/session/farewell")
        #expect(client.cookies[cookie] != old)
        #expect(try await client.get("/session/keys").text == "notice")
        client.cookies[cookie] = old
        #expect(try await read("user", client) == "nil")
    }

    @Test(arguments: [
        "00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff", "x", "", "../../etc/passwd",
        String(repeating: "0", count: 64), String(repeating: "F", count: 64), String(repeating: "0", count: 63) + "g",
        String(repeating: "a", count: 65), String(repeating: "é", count: 32),
    ])
    func `an id that the store does not know is never adopted`(id: String) async throws {
        let client = host.client()
        client.cookies[cookie] = id
        try await write("user", "Ann", client)
        let given = try #require(client.cookies[cookie])
        #expect(given != id)
        #expect(try await read("user", client) == "Ann")
    }

    @Test func `two requests at the same time do not undo each other`() async throws {
        let client = host.client()
        try await write("start", "1", client)
        async let first = client.get("/session/slow?key=a")
        async let second = client.get("/session/slow?key=b")
        #expect(try await [first.text, second.text] == ["done", "done"])
        #expect(try await client.get("/session/keys").text == "a,b,start")
    }

    @Test func `setting nil removes a value`() async throws {
        let client = host.client()
        try await write("a", "1", client)
        try await write("b", "1", client)
        try await client.post("/session/write", form: ["key": "a"])
        #expect(try await client.get("/session/keys").text == "b")
    }

    @Test func `what a failing action set is kept`() async throws {
        let client = host.client()
        #expect(try await client.request(.post, "/session/failing").status == .conflict)
        #expect(try await read("user", client) == "x")
    }

    @Test func `an id is a handle and a secret of 128 bits each, and none is another's`() {
        let ids = (0..<1000).map { _ in SessionID() }
        #expect(Set(ids.map(\.handle)).count == 1000 && Set(ids.map(\.secret)).count == 1000)
        #expect(ids.allSatisfy { $0.text.utf8.count == 64 && SessionID($0.text.utf8) == $0 })
        #expect(ids.allSatisfy { SessionHandle($0.handle.text) == $0.handle && "\($0.secret)" == "SessionSecret" })
    }

    @Test func `without the middleware a session is an error that says what to add`() async throws {
        let host = try TestHost(controllers: SessionController.self) { builder in
            builder.services.add(SessionController.Gate(size: 2))
        }
        let response = try await host.client().get("/session/read?key=user")
        #expect(response.status == .internalServerError)
        #expect(host.log.contains { "\($0)".contains("add app.use(Sessions(.memory))") }, "\(host.log)")
    }
}
