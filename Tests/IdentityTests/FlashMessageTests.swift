import Martlet
import MartletTesting
import Testing

@testable import MartletIdentity

@Suite struct FlashMessageTests {
    @Controller("flash")
    struct FlashController {
        @POST func add(text: String, kind: String = "notice", _ ctx: Context) { ctx.flash.add(text, kind: kind) }
        @POST func fail(text: String, _ ctx: Context) throws {
            ctx.flash.add(text)
            throw HTTPError(.conflict)
        }
        @POST func later(text: String, _ ctx: Context) async -> String {
            await Task.yield()
            ctx.flash.add(text)
            return "later"
        }
        @GET func take(_ ctx: Context) -> [String] { ctx.flash.take().map { "\($0.kind): \($0.text)" } }
        @GET func other() -> String { "other" }
        @GET func both(_ ctx: Context) -> [String] {
            ctx.flash.add("now")
            return ctx.flash.take().map(\.text)
        }
    }

    private let client: TestClient

    init() throws {
        let flash = try FlashMessages(keys: .temporary())
        client = try TestHost(controllers: FlashController.self, middleware: flash).client()
    }

    @Test func `a message is there until it is taken, once`() async throws {
        let response = try await client.post("/flash/add", form: ["text": "Saved ü\r\n; \"", "kind": "ok"])
        #expect(response.headers[.cacheControl] == "no-cache=\"set-cookie\"")
        #expect(client.cookies.keys.sorted() == ["flash"])
        // The picture on the page does not take it.
        #expect(try await client.get("/flash/other").headers[.setCookie] == nil)
        #expect(try await client.get("/flash/take").json([String].self) == ["ok: Saved ü\r\n; \""])
        #expect(client.cookies.isEmpty)
        #expect(try await client.get("/flash/take").json([String].self) == [])
    }

    @Test func `messages add up over requests`() async throws {
        try await client.post("/flash/add", form: ["text": "1"])
        try await client.post("/flash/later", form: ["text": "2"])
        try await client.post("/flash/fail", form: ["text": "3"])
        #expect(try await client.get("/flash/take").json([String].self) == ["notice: 1", "notice: 2", "notice: 3"])
    }

    @Test func `a page shows those of its own request`() async throws {
        #expect(try await client.get("/flash/both").json([String].self) == ["now"])
        #expect(client.cookies.isEmpty)
        try await client.post("/flash/add", form: ["text": "before"])
        #expect(try await client.get("/flash/both").json([String].self) == ["before", "now"])
        #expect(client.cookies.isEmpty)
    }

    @Test func `no cookie is set for nothing`() async throws {
        let response = try await client.get("/flash/take")
        #expect(response.headers[.setCookie] == nil && response.headers[.cacheControl] == nil)
    }

    @Test func `the oldest give way to what fits`() async throws {
        for number in 0..<20 { try await client.post("/flash/add", form: ["text": "\(number)"]) }
        #expect(try await client.get("/flash/take").json([String].self) == (4..<20).map { "notice: \($0)" })
        let long = String(repeating: "x", count: 1200)
        for number in 0..<3 { try await client.post("/flash/add", form: ["text": "\(number)\(long)"]) }
        #expect(try await client.get("/flash/take").json([String].self) == ["notice: 1\(long)", "notice: 2\(long)"])
        let response = try await client.post("/flash/add", form: ["text": long + long + long])
        #expect(response.status.kind == .successful)
        #expect(client.cookies.isEmpty)
    }

    @Test func `what the client makes up is nothing`() async throws {
        try await client.post("/flash/add", form: ["text": "1"])
        client.cookies["flash"]?.removeLast()
        #expect(try await client.get("/flash/take").json([String].self) == [])
    }

    @Test func `without the middleware the answer is 500`() async throws {
        let client = try TestHost(controllers: FlashController.self).client()
        #expect(try await client.get("/flash/take").status == .internalServerError)
    }
}
