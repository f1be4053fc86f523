import Martlet
import MartletTesting
import NIOCore
import Testing

@Controller("results")
struct ResultController {
    @GET func text() -> String { "漢" }
    @GET func html() -> HTML { HTML("<p>") }
    @GET func json() -> [String: String] { ["b": "a\"/é\n</script>", "a": "1"] }
    @GET func number() -> Int { 7 }
    @GET func envelope() -> Envelope { .ok("done", data: ["b": 1, "a": 2], count: 2) }
    @GET func failed() -> Envelope { .failed("no \"way\"") }
    @GET func redirect() -> Redirect { Redirect(to: "/elsewhere?x=1") }
    @GET func moved() -> Redirect { Redirect(to: "/elsewhere", status: .movedPermanently) }
    @GET func forged() -> Redirect { Redirect(to: "/x\r\nSet-Cookie: a=b") }
    @GET func wrong() -> Redirect { Redirect(to: "/x", status: .ok) }
    @GET func status() -> Status { Status(.accepted) }
    @GET func response() -> Response { Response(status: .init(code: 418), headers: [.server: "x"], body: .empty) }
    @POST func void() {}
    @GET func maybeText(text: String?) -> String? { text }
    @GET func maybeJSON(n: Int?) -> [Int]? { n.map { [$0] } }
    @GET func maybeStream(n: Int?, _ ctx: Context) -> EventStream? {
        n.map { n in ctx.sse.stream { try $0.send(data: "\(n)") } }
    }
    @GET func stream(_ ctx: Context) -> EventStream { ctx.sse.open { try $0.send(event: "e", data: "d", id: "1") } }
    @GET func events() -> AsyncStream<ServerSentEvent> {
        AsyncStream { continuation in
            continuation.yield(ServerSentEvent(event: "a", data: "1", id: "i"))
            continuation.yield(ServerSentEvent(data: "2"))
            continuation.finish()
        }
    }
    @GET func values() -> AsyncStream<[String: Int]> {
        AsyncStream { continuation in
            for n in 1...3 { continuation.yield(["n": n]) }
            continuation.finish()
        }
    }
    @GET func texts() -> AsyncStream<String> {
        AsyncStream { continuation in
            continuation.yield("one\ntwo")
            continuation.finish()
        }
    }
    @GET func failing() -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            continuation.yield("before")
            continuation.finish(throwing: Secret())
        }
    }
    @GET func streamed() -> Response {
        Response(body: .stream { writer in for n in 1...3 { try await writer.write("\(n) ") } })
    }
    @GET func infinite() -> Double { .infinity }
    @GET func refused() throws -> String {
        throw HTTPError(.serviceUnavailable, "Come back.", headers: [.retryAfter: "5"])
    }
    @GET func broken(_ ctx: Context) throws -> String {
        ctx.response.headers[.cacheControl] = "no-store"
        throw Secret()
    }
    @GET func decorated(_ ctx: Context) throws -> String {
        ctx.response.status = .created
        ctx.response.headers[.contentType] = "text/markdown"
        ctx.response.headers[.eTag] = "\"1\""
        ctx.response.setCookie(try SetCookie("a", "1"))
        ctx.response.setCookie(try SetCookie("b", "2"))
        ctx.response.setCookie(try SetCookie("a", "3"))
        return "# hi"
    }
    @GET @Blocking func blocking(n: Int) -> Int { n * 2 }
}

private struct Secret: Error, CustomStringConvertible {
    let description = "the password is <swordfish>"
}

@Suite struct ActionResultTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: ResultController.self).client() }

    private static let results: [(String, Int, String?, String)] = [
        ("text", 200, "text/plain; charset=utf-8", "漢"), ("html", 200, "text/html; charset=utf-8", "<p>"),
        ("json", 200, "application/json", #"{"a":"1","b":"a\"/é\n</script>"}"#),
        ("number", 200, "application/json", "7"),
        ("envelope", 200, "application/json", #"{"code":0,"msg":"done","data":{"a":2,"b":1},"count":2}"#),
        ("failed", 200, "application/json", #"{"code":1,"msg":"no \"way\"","data":null}"#),
        ("redirect", 303, nil, ""), ("moved", 301, nil, ""), ("status", 202, nil, ""), ("response", 418, nil, ""),
        ("maybe-text?text=x", 200, "text/plain; charset=utf-8", "x"),
        ("maybe-json?n=1", 200, "application/json", "[1]"),
        ("streamed", 200, nil, "1 2 3 "), ("decorated", 201, "text/markdown", "# hi"),
        ("blocking?n=4", 200, "application/json", "8"),
    ]

    @Test(arguments: results)
    func `a result is its response`(target: String, status: Int, type: String?, body: String) async throws {
        let response = try await client.get("/results/\(target)")
        #expect(response.status.code == status)
        #expect(response.headers[.contentType] == type)
        #expect(response.text == body)
    }

    @Test func `a redirect has its location`() async throws {
        #expect(try await client.get("/results/redirect").headers[.location] == "/elsewhere?x=1")
    }

    @Test(arguments: ["forged", "wrong"]) func `a redirect that cannot be sent is 500`(target: String) async throws {
        let response = try await client.get("/results/\(target)")
        #expect(response.status == .internalServerError)
        #expect(response.headers[.location] == nil)
    }

    @Test func `nothing is 204`() async throws {
        let response = try await client.request(.post, "/results/void")
        #expect(response.status == .noContent)
        #expect(response.body.readableBytes == 0)
        #expect(response.headers[.contentType] == nil)
    }

    @Test(arguments: ["maybe-text", "maybe-json", "maybe-stream"]) func `nil is 404`(target: String) async throws {
        let response = try await client.get("/results/\(target)")
        #expect(response.status == .notFound)
        #expect(try response.problem().title == "Not Found")
    }

    @Test func `the context adds headers, status and cookies`() async throws {
        let response = try await client.get("/results/decorated")
        #expect(response.headers[.eTag] == "\"1\"")
        #expect(response.headers[values: .setCookie].map { $0.prefix(3) } == ["b=2", "a=3"])
    }

    @Test(arguments: [
        ("events", [["a", "1", "i"], ["message", "2", "i"]]),
        ("values", [["message", #"{"n":1}"#, ""], ["message", #"{"n":2}"#, ""], ["message", #"{"n":3}"#, ""]]),
        ("texts", [["message", "one\ntwo", ""]]),
        (
            "failing",
            [
                ["message", "before", ""],
                ["martlet.error", #"{"status":500,"title":"Internal Server Error"}"#, ""],
            ]
        ),
        ("maybe-stream?n=4", [["message", "4", ""]]),
    ])
    func `a sequence is a stream that ends with it`(target: String, expected: [[String]]) async throws {
        let stream = try await client.stream("/results/\(target)")
        #expect(await stream.pending().map { [$0.event, $0.data, $0.lastEventID] } == expected)
        #expect(await stream.hasEnded)
    }

    @Test func `an event stream stays open`() async throws {
        let stream = try await client.stream("/results/stream")
        #expect(try await stream.next().data == "d")
        #expect(await stream.hasEnded == false)
    }

    @Test func `the headers of an event stream keep caches and proxies from holding it`() async throws {
        let response = try await client.request(.head, "/results/stream")
        #expect(response.headers[.contentType] == "text/event-stream")
        #expect(response.headers[.cacheControl] == "no-cache")
        #expect(response.headers[try #require(HTTPField.Name("X-Accel-Buffering"))] == "no")
    }

    // MARK: - Errors

    @Test func `an HTTPError is its status, with its headers`() async throws {
        let response = try await client.get("/results/refused")
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers[.retryAfter] == "5")
        let problem = try response.problem()
        #expect(problem.detail == "Come back.")
        #expect(problem.type == "about:blank")
        #expect(problem.requestId == nil)
    }

    @Test(arguments: ["broken", "infinite"])
    func `any other error is 500 with a request id and no detail`(target: String) async throws {
        let response = try await client.get("/results/\(target)", headers: [.accept: "*/*"])
        #expect(response.status == .internalServerError)
        let problem = try response.problem()
        #expect(problem.detail == nil)
        #expect(problem.requestId?.isEmpty == false)
        #expect(!response.text.contains("swordfish"))
        #expect(response.headers[.cacheControl] == nil)
    }

    @Test func `two errors have two request ids`() async throws {
        let ids = [
            try await client.get("/results/broken").problem().requestId,
            try await client.get("/results/broken").problem().requestId,
        ]
        #expect(ids[0] != ids[1])
    }

    @Test func `in development the detail is shown, to a browser as a page`() async throws {
        let client = try TestHost(controllers: ResultController.self) { $0.isDevelopment = true }.client()
        let problem = try await client.get("/results/broken").problem()
        #expect(problem.detail?.contains("the password is <swordfish>") == true)
        let page = try await client.get("/results/broken?<script>", headers: [.accept: "text/html,*/*"])
        #expect(page.status == .internalServerError)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.text.contains("the password is &lt;swordfish&gt;"))
        #expect(page.text.contains("Result@broken"))
        #expect(!page.text.contains("<script>"))
    }
}
