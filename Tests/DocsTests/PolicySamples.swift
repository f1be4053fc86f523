import Martlet
import MartletTesting
import Testing

// The samples of Docs/cors.md, Docs/security-headers.md, Docs/rate-limits.md and Docs/proxies.md.

private struct PartnerApp: App {
    func configure(_ app: inout AppBuilder) {
        app.controllers(TariffController.self)
        app.use(
            CORS(
                origins: ["https://partner.example", .subdomains(of: "https://example.com")],
                headers: [.contentType, .authorization], exposes: [.eTag], allowsCredentials: true))
    }
}

@Use(CORS(origins: ["https://widgets.example"], methods: [.get]))
@Controller("tariffs")
struct TariffController {
    func index() -> [Int] { [3, 5] }

    /// Nobody else's pages.
    @Use(CORS(origins: []))
    @GET func internalTariffs() -> [Int] { [2, 4] }
}

/// Refuses what comes without a key.
private struct KeyCheck: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard ctx.request.headers.contains(.authorization) else { throw HTTPError(.unauthorized) }
        return next.answer(ctx)
    }
}

private struct KeyedApp: App {
    func configure(_ app: inout AppBuilder) {
        app.controllers(TariffController.self)
        app.use(CORS(origins: []), KeyCheck())
    }
}

@Controller("welcome")
struct WelcomeController {
    func index(_ ctx: Context) -> HTML {
        HTML("<title>Hi</title><script nonce=\"\(ctx.cspNonce)\">document.title = 'Welcome'</script>")
    }
}

@Use(SecurityHeaders(contentSecurityPolicy: .nothing, resourcePolicy: .crossOrigin))
@Controller("badges")
struct BadgeController {
    @GET("{name}.svg") func badge(name: String) -> Response {
        Response(text: "<svg xmlns='http://www.w3.org/2000/svg'/>", contentType: "image/svg+xml")
    }
}

private struct PolicyApp: App {
    func configure(_ app: inout AppBuilder) {
        app.controllers(WelcomeController.self, BadgeController.self)
        var policy = ContentSecurityPolicy()
        policy[.imgSrc] = [.sameOrigin, "https://images.example", .scheme("data")]
        policy[.frameAncestors] = [.sameOrigin]
        policy.reportsTo = "/reports/csp"
        app.use(
            SecurityHeaders(
                contentSecurityPolicy: policy, openerPolicy: .sameOriginAllowPopups,
                permissionsPolicy: PermissionsPolicy([.geolocation: [.sameOrigin]])))
    }
}

@Controller("codes")
struct CodeController {
    @Use(RateLimit(.slidingWindow(5, per: .seconds(60)), by: .address, name: "codes"))
    func create(code: String) -> String { "checked" }

    @Use(RateLimit(.requests(30, per: .seconds(60)), by: .key { $0.session["user_id"] }.or(.address), name: "reading"))
    func index() -> [String] { ["a", "b"] }
}

private struct LimitedApp: App {
    func configure(_ app: inout AppBuilder) {
        app.controllers(CodeController.self)
        app.use(Sessions(.memory))
        app.use(SecurityHeaders())
        app.use(RateLimit(.requests(600, per: .seconds(60)), by: .address))
    }
}

@Controller("shelf")
struct ShelfController {
    func index(_ ctx: Context) -> HTML {
        HTML("<a href=\"\(ctx.request.prefix)\(ShelfController.links.show(id: 7))\">seven</a>")
    }
    func show(id: Int) -> String { "\(id)" }
}

private struct ProxiedApp: App {
    func configure(_ app: inout AppBuilder) {
        app.controllers(ShelfController.self)
        app.trustedProxies = ["10.0.0.0/8", "::1"]
        app.trustedProxies = TrustedProxies(
            ["10.0.0.0/8"], fields: [.xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPrefix])
    }
}

/// Adds a notice to pages.
private struct Notices: ImmediateMiddleware, PlacedMiddleware {
    var place: MiddlewarePlace { MiddlewarePlace(needs: [Sessions.self], precedes: [Compression.self]) }

    func answer(_ ctx: Context, next: Next) -> Answer { next.answer(ctx) }
}

@Suite struct PolicySampleTests {
    @Test func `the partner's pages read what they may`() async throws {
        let origin = try #require(HTTPField.Name("Origin"))
        let client = try TestHost(PartnerApp()).client()
        let widgets = try await client.get("/tariffs", headers: [origin: "https://widgets.example"])
        #expect(widgets.headers[.accessControlAllowOrigin] == "https://widgets.example")
        let partner = try await client.get("/nowhere", headers: [origin: "https://partner.example"])
        #expect(partner.headers[.accessControlAllowOrigin] == "https://partner.example")
        let keyed = try TestHost(KeyedApp()).client()
        let refused = try await keyed.get("/tariffs", headers: [origin: "https://widgets.example"])
        #expect(refused.status == .unauthorized)
        #expect(refused.headers[.accessControlAllowOrigin] == "https://widgets.example")
    }

    @Test func `the pages have their policies`() async throws {
        let client = try TestHost(PolicyApp()).client()
        let page = try await client.get("/welcome")
        let nonce = try #require(page.text.firstMatch(of: /nonce="([^"]+)"/)?.1)
        #expect(page.headers[.contentSecurityPolicy]?.contains("script-src 'self' 'nonce-\(nonce)';") == true)
        #expect(
            try await client.get("/badges/a.svg").headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'")
                == true)
    }

    @Test func `the limits hold`() async throws {
        let host = try TestHost(LimitedApp())
        let client = host.client()
        for _ in 0..<5 { #expect(try await client.post("/codes", form: ["code": "1"]).text == "checked") }
        #expect(try await client.post("/codes", form: ["code": "1"]).status == .tooManyRequests)
        await host.advance(by: .seconds(90))
        #expect(try await client.post("/codes", form: ["code": "1"]).text == "checked")
    }

    @Test func `links have the proxy's prefix`() async throws {
        let client = try TestHost(ProxiedApp()) {
            $0.trustedProxies = TrustedProxies(["127.0.0.1"], fields: .xForwardedPrefix)
        }
        .client()
        let prefix = try #require(HTTPField.Name("X-Forwarded-Prefix"))
        #expect(try await client.get("/shelf", headers: [prefix: "/shop"]).text.contains("\"/shop/shelf/7\""))
        _ = try TestHost(controllers: ShelfController.self, middleware: Sessions(.memory), Notices(), Compression())
    }
}
