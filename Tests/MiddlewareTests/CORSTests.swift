import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

@testable import MartletMiddleware

/// Refuses everybody without a key, preflights too.
private struct KeyOnly: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard ctx.request.headers.contains(.authorization) else { throw HTTPError(.unauthorized) }
        return next.answer(ctx)
    }
}

private struct Broken: Error {}

@Controller("shared")
private struct SharedController {
    @GET func item() -> String { "item" }
    @PUT func item(name: String) -> String { name }
    @GET func failing() throws -> String { throw Broken() }
    @GET func varying(by: String, _ ctx: Context) -> String {
        ctx.response.headers[.vary] = by
        return "varying"
    }
    @GET func own(_ ctx: Context) -> String {
        ctx.response.headers[.accessControlAllowOrigin] = "https://own.example"
        return "own"
    }
    @GET func stream(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "hello") } }
    @ANY func any() -> String { "ran" }
}

@Use(KeyOnly())
@Use(CORS(origins: ["https://partner.example"], methods: [.get, .delete]))
@Controller("guarded")
private struct GuardedController {
    @GET func item() -> String { "guarded" }
    @Use(CORS(origins: ["https://nearest.example"], methods: [.put]))
    @PUT("near") func near() -> String { "near" }
    @GET("near") func far() -> String { "far" }
    @OPTIONS("near") func options() -> String { "options" }
}

@Suite struct CORSTests {
    private func client(_ cors: any Middleware...) throws -> TestClient {
        try TestHost(controllers: SharedController.self, GuardedController.self) { app in
            for one in cors { app.use(one) }
        }.client()
    }

    private func preflight(
        _ client: TestClient, _ path: String, from origin: String, for method: String = "GET",
        _ more: KeyValuePairs<String, String> = [:]
    ) async throws -> TestResponse {
        var headers = fields(["Origin": origin, "Access-Control-Request-Method": method])
        headers.append(contentsOf: fields(more))
        return try await client.options(path, headers: headers)
    }

    private static let partner = CORS(
        origins: ["https://partner.example", "http://localhost:3000"], methods: [.get, .put],
        headers: [.contentType, .authorization], exposes: [.eTag, .location], allowsCredentials: true,
        maxAge: .seconds(7200))

    // MARK: - Origins (ASVS 5.0, 3.4.2)

    @Test(arguments: [
        ("https://partner.example", true), ("http://localhost:3000", true), ("https://a.example.com", true),
        ("https://a.b.example.com", true), ("http://127.0.0.1:8123", true), ("http://127.0.0.1", true),
        ("https://xn--bcher-kva.example", true), ("https://[::1]:8443", true),
        // Neighbours and look-alikes.
        ("https://partner.example.evil", false), ("https://evilpartner.example", false),
        ("https://partner.example:8443", false), ("https://partner.example:443", false),
        ("http://partner.example", false),
        ("https://partner.example.", false), ("https://partner.example/", false), ("https://Partner.example", false),
        ("HTTPS://partner.example", false), ("https://user@partner.example", false),
        ("https://partner.example@evil.example", false), ("https://evil.example#partner.example", false),
        ("https://partner.example, https://evil.example", false),
        ("https://partner.example https://evil.example", false),
        ("https://bücher.example", false), ("https://pаrtner.example", false), ("https://partner.example%2e", false),
        ("https://example.com", false), ("https://example.com.evil", false), ("https://evilexample.com", false),
        ("https://.example.com", false), ("https://a..example.com", false), ("https://a.example.com.", false),
        ("https://a.example.com:444", false), ("http://a.example.com", false), ("https://evil/.example.com", false),
        ("https://evil\\.example.com", false), ("https://a.example.com@evil", false),
        ("https://evil?.example.com", false),
        ("http://127.0.0.1.evil", false), ("http://127.0.0.1:", false), ("http://127.0.0.1:99999", false),
        ("http://127.0.0.1:080", false), ("https://127.0.0.1:8123", false),
        ("null", false), ("", false), ("*", false), ("https://", false), ("://a.example.com", false),
        ("file://", false), ("https://[::1]", false), ("https://[0::1]:8443", false),
        ("https://[127.0.0.1]:8443", false),
    ])
    func `only the origins of the list are allowed, as browsers write them`(
        origin: String, isAllowed: Bool
    ) async throws {
        let client = try client(
            CORS(origins: [
                "https://partner.example", "http://localhost:3000", .subdomains(of: "https://example.com"),
                .anyPort(of: "http://127.0.0.1"), "https://xn--bcher-kva.example", "https://[::1]:8443",
            ]))
        let response = try await client.get("/shared/item", headers: fields(["Origin": origin]))
        #expect(response.text == "item")
        #expect(response.headers[.accessControlAllowOrigin] == (isAllowed ? origin : nil))
        #expect(response.headers[.vary] == "Origin")
        let asked = try await preflight(client, "/shared/item", from: origin)
        #expect(asked.status == (isAllowed ? .noContent : .forbidden))
        #expect(asked.headers[.accessControlAllowOrigin] == (isAllowed ? origin : nil))
    }

    @Test func `null is refused unless it is said, and a pattern may be a function`() async throws {
        let opaque = try client(CORS(origins: [.opaque]))
        #expect(
            try await opaque.get("/shared/item", headers: fields(["Origin": "null"]))
                .headers[.accessControlAllowOrigin] == "null")
        let tenants = try client(
            CORS(origins: [.matching { $0.scheme == "https" && ["a.test", "b.test"].contains($0.host) }]))
        for (origin, isAllowed) in [
            ("https://a.test", true), ("https://b.test:1234", true), ("https://c.test", false), ("null", false),
        ] {
            let response = try await tenants.get("/shared/item", headers: fields(["Origin": origin]))
            #expect((response.headers[.accessControlAllowOrigin] == origin) == isAllowed)
        }
    }

    @Test(arguments: [
        ("*", "CORS.anyOrigin()"), ("null", ".opaque"), ("https://partner.example/", "is no origin"),
        ("https://Partner.example", "in lower case"), ("https://partner.example:443", "the scheme's own port"),
        ("partner.example", "is no origin"), ("https://bücher.example", "xn--"),
        ("https://*.example.com", "is no origin"),
    ])
    func `what is no origin ends the start, with what to write`(origin: String, hint: String) {
        for allowed in [CORS.AllowedOrigin.exact(origin), .subdomains(of: origin), .anyPort(of: origin)] {
            #expect(throws: StartupError.self) { try client(CORS(origins: [allowed])) }
        }
        do {
            _ = try client(CORS(origins: [.exact(origin)]))
        } catch {
            #expect("\(error)".contains(hint))
        }
    }

    @Test func `a method that no browser sends, and a star among fields, end the start`() throws {
        let star = try #require(HTTPField.Name("*"))
        for cors in [
            CORS(origins: [], methods: [.trace]), CORS(origins: [], headers: [star]),
            CORS(origins: [], exposes: [star]),
        ] {
            #expect(throws: StartupError.self) { try client(cors) }
        }
    }

    // MARK: - Preflights

    @Test func `a preflight is answered with all that is allowed, before the router knows no OPTIONS`() async throws {
        let client = try client(Self.partner)
        let response = try await preflight(
            client, "/shared/item", from: "https://partner.example", for: "PUT",
            ["Access-Control-Request-Headers": "content-type"])
        #expect(response.status == .noContent)
        #expect(response.headers[.accessControlAllowOrigin] == "https://partner.example")
        #expect(response.headers[.accessControlAllowCredentials] == "true")
        #expect(response.headers[.accessControlAllowMethods] == "GET, PUT")
        #expect(response.headers[.accessControlAllowHeaders] == "Content-Type, Authorization")
        #expect(response.headers[.accessControlMaxAge] == "7200")
        #expect(response.headers[.accessControlExposeHeaders] == nil)
        #expect(
            response.headers[.vary] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        // A method that is not allowed: the browser sees by the list that it is not.
        #expect(
            try await preflight(client, "/shared/item", from: "https://partner.example", for: "DELETE")
                .headers[.accessControlAllowMethods] == "GET, PUT")
    }

    @Test func `a preflight runs no action, not even one of every method`() async throws {
        let client = try client(Self.partner)
        let response = try await preflight(client, "/shared/any", from: "https://partner.example", for: "POST")
        #expect(response.status == .noContent)
        #expect(response.text.isEmpty)
    }

    @Test func `an OPTIONS request that is no preflight is the router's`() async throws {
        let client = try client(Self.partner)
        let response = try await client.options("/shared/item", headers: fields(["Origin": "https://partner.example"]))
        #expect(response.headers[.allow] == "GET, PUT, HEAD, OPTIONS")
        #expect(response.headers[.accessControlAllowOrigin] == "https://partner.example")
        let bare = try await client.options("/shared/item", headers: fields(["Access-Control-Request-Method": "GET"]))
        #expect(bare.headers[.allow] == "GET, PUT, HEAD, OPTIONS")
    }

    @Test func `a private network is opened to those alone who say so`() async throws {
        let asking: KeyValuePairs = ["Access-Control-Request-Private-Network": "true"]
        let closed = try await preflight(
            try client(Self.partner), "/shared/item", from: "https://partner.example", for: "GET", asking)
        #expect(closed.headers.named("Access-Control-Allow-Private-Network") == nil)
        let open = try client(CORS(origins: ["https://partner.example"], allowsPrivateNetwork: true))
        let asked = try await preflight(open, "/shared/item", from: "https://partner.example", for: "GET", asking)
        #expect(asked.headers.named("Access-Control-Allow-Private-Network") == "true")
        #expect(asked.headers[.vary]?.hasSuffix("Access-Control-Request-Private-Network") == true)
        let unasked = try await preflight(open, "/shared/item", from: "https://partner.example")
        #expect(unasked.headers.named("Access-Control-Allow-Private-Network") == nil)
    }

    // MARK: - Responses

    @Test func `a response says who may read it, with cookies, and which fields`() async throws {
        let response = try await client(Self.partner).get(
            "/shared/item", headers: fields(["Origin": "https://partner.example"]))
        #expect(response.headers[.accessControlAllowOrigin] == "https://partner.example")
        #expect(response.headers[.accessControlAllowCredentials] == "true")
        #expect(response.headers[.accessControlExposeHeaders] == "ETag, Location")
        #expect(response.headers[.accessControlAllowMethods] == nil)
    }

    @Test(arguments: [
        ("Accept-Encoding", "Accept-Encoding, Origin"), ("origin", "origin"), ("*", "*"),
        ("Accept, Origin", "Accept, Origin"),
    ])
    func `every response varies by origin, once`(by: String, expected: String) async throws {
        let client = try client(Self.partner)
        #expect(try await client.get("/shared/varying?by=\(by)").headers[.vary] == expected)
        #expect(try await client.get("/shared/item").headers[.vary] == "Origin")
        #expect(
            try await client.get("/shared/item", headers: fields(["Origin": "https://evil.example"])).headers[.vary]
                == "Origin")
    }

    @Test(arguments: [("/shared/failing", 500), ("/nowhere", 404), ("/shared/item", 401), ("/shared/item?x", 200)])
    func `an error is read by the page, too`(path: String, status: Int) async throws {
        var headers = fields(["Origin": "https://partner.example"])
        if status != 401 { headers[.authorization] = "key" }
        let response = try await client(Self.partner, KeyOnly()).get(path, headers: headers)
        #expect(response.status.code == status)
        #expect(response.headers[.accessControlAllowOrigin] == "https://partner.example")
    }

    @Test func `what an action says itself stays`() async throws {
        let response = try await client(Self.partner).get(
            "/shared/own", headers: fields(["Origin": "https://partner.example"]))
        #expect(response.headers[values: .accessControlAllowOrigin] == ["https://own.example"])
    }

    @Test func `everybody may read what is public, without cookies, and nothing varies`() async throws {
        let client = try client(CORS.anyOrigin(methods: [.get]))
        let response = try await client.get("/shared/item", headers: fields(["Origin": "https://any.example"]))
        #expect(response.headers[.accessControlAllowOrigin] == "*")
        #expect(response.headers[.accessControlAllowCredentials] == nil)
        #expect(response.headers[.vary] == nil)
        let asked = try await preflight(client, "/shared/item", from: "null")
        #expect(asked.headers[.accessControlAllowOrigin] == "*")
        #expect(asked.headers[.accessControlAllowCredentials] == nil)
    }

    @Test(arguments: Transport.allCases)
    func `an event stream with cookies is read by the page`(_ transport: Transport) async throws {
        let host = try TestHost(controllers: SharedController.self, middleware: Self.partner, over: transport)
        let stream = try await host.client().stream(
            "/shared/stream", headers: fields(["Origin": "https://partner.example", "Cookie": "a=b"]))
        try await stream.expect("message", data: "hello")
        #expect(stream.headers[.accessControlAllowOrigin] == "https://partner.example")
        #expect(stream.headers[.accessControlAllowCredentials] == "true")
        #expect(stream.headers[.vary]?.contains("Origin") == true)
    }

    // MARK: - By attribute

    @Test(arguments: [false, true])
    func `an attribute on a controller is enough, for preflights and for what follows`(
        appHasItsOwn: Bool
    ) async throws {
        let client = try appHasItsOwn ? client(CORS(origins: ["https://app.example"]), KeyOnly()) : client()
        let asked = try await preflight(client, "/guarded/item", from: "https://partner.example")
        #expect(asked.status == .noContent)
        #expect(asked.headers[.accessControlAllowMethods] == "GET, DELETE")
        let refused = try await client.get("/guarded/item", headers: fields(["Origin": "https://partner.example"]))
        #expect(refused.status == .unauthorized)
        #expect(refused.headers[.accessControlAllowOrigin] == "https://partner.example")
        let read = try await client.get(
            "/guarded/item", headers: fields(["Origin": "https://partner.example", "Authorization": "key"]))
        #expect(read.text == "guarded")
        #expect(read.headers[.accessControlAllowOrigin] == "https://partner.example")
        #expect(read.headers[.vary] == "Origin")
        // The app's does not count there.
        #expect(
            try await client.get("/guarded/item", headers: fields(["Origin": "https://app.example"]))
                .headers[.accessControlAllowOrigin] == nil)
        #expect(
            try await preflight(client, "/guarded/item", from: "https://app.example").status == .forbidden)
    }

    @Test func `the nearest counts, by the method that the preflight is for`() async throws {
        let client = try client()
        let near = try await preflight(client, "/guarded/near", from: "https://nearest.example", for: "PUT")
        #expect(near.headers[.accessControlAllowMethods] == "PUT")
        let far = try await preflight(client, "/guarded/near", from: "https://nearest.example", for: "GET")
        #expect(far.status == .forbidden)
        #expect(
            try await preflight(client, "/guarded/near", from: "https://partner.example", for: "HEAD")
                .headers[.accessControlAllowMethods] == "GET, DELETE")
        // Nobody answers for a method that the path does not have.
        #expect(
            try await preflight(client, "/guarded/item", from: "https://partner.example", for: "PATCH")
                .headers[.accessControlAllowOrigin] == nil)
    }

    @Test func `an attribute's policy stands before what refuses requests in the app`() async throws {
        let client = try client(RequestLog(), RateLimit(.requests(1, per: .seconds(60))))
        for _ in 0..<3 {
            #expect(
                try await preflight(client, "/guarded/item", from: "https://partner.example").status == .noContent)
        }
        _ = try await client.get("/shared/item")
        let refused = try await client.get(
            "/guarded/item", headers: fields(["Origin": "https://partner.example", "Authorization": "key"]))
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.accessControlAllowOrigin] == "https://partner.example")
    }

    @Test func `two in one app end the start`() {
        do {
            _ = try client(Self.partner, RequestLog(), CORS.anyOrigin())
            Issue.record("It has started.")
        } catch {
            #expect("\(error)" == "The middleware CORS stands twice in app.use: make one of them.")
        }
    }

    @Test func `an app in which it stands behind what refuses requests does not start`() {
        #expect(throws: StartupError.self) { try client(RateLimit(.requests(1, per: .seconds(1))), Self.partner) }
        #expect(throws: StartupError.self) { try client(Sessions(.memory), Self.partner) }
    }
}
