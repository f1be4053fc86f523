import HTTPTypes
import Martlet
import MartletTesting
import Testing

@testable import MartletCore
@testable import MartletMiddleware

@Controller("seen")
private struct SeenController {
    func index(_ ctx: Context) -> String {
        "\(ctx.client.address):\(ctx.client.port) \(ctx.request.origin ?? "-") \(ctx.request.prefix)"
    }
    @POST func create() -> Redirect { Redirect(to: SeenController.links.index()) }
    @GET func elsewhere(to: String) -> Redirect { Redirect(to: to) }
    @POST func made(_ ctx: Context) -> String {
        ctx.response.status = .created
        ctx.response.headers[.location] = "/seen/7"
        return "made"
    }
}

@Suite struct TrustedProxiesTests {
    typealias Proxies = TrustedProxies

    /// `address scheme authority prefix` as the app then has them; nil for what is left as it was.
    private func origin(
        _ proxies: TrustedProxies, peer: String = "10.0.0.1", _ headers: KeyValuePairs<String, String>
    ) -> String? {
        let client = ClientInfo(connectionID: 1, address: peer, port: 999)
        let request = Request(method: .get, target: "/a?b", headers: fields(["Host": "inner"]) + fields(headers))
        guard let (request, client) = proxies.resolve(request, from: client) else { return nil }
        #expect(request.target == "/a?b")
        #expect(client.connectionID == 1)
        return "\(client.address) \(client.port) \(request.scheme) \(request.authority ?? "-") \(request.prefix)"
    }

    private static let all = TrustedProxies(
        ["10.0.0.0/8", "::1"],
        fields: [.xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPrefix])
    private static let standard: TrustedProxies = ["10.0.0.0/8", "::1"]
    private static let rfc = TrustedProxies(["10.0.0.0/8"], fields: [.forwarded])

    @Test(arguments: ["203.0.113.9", "11.0.0.1", "::2", "unknown", ""])
    func `nothing is believed of a peer that is not listed`(peer: String) {
        let headers: KeyValuePairs = [
            "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Prefix": "/evil", "Forwarded": "for=192.0.2.7;proto=https;host=evil.example",
        ]
        for proxies in [Self.all, Self.standard, Self.rfc] { #expect(origin(proxies, peer: peer, headers) == nil) }
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7 0"), ("192.0.2.7:4711", "192.0.2.7 4711"), ("2001:db8::7", "2001:db8::7 0"),
        ("[2001:DB8::7]:4711", "2001:db8::7 4711"), ("[2001:db8::7]", "2001:db8::7 0"),
        ("::ffff:192.0.2.7", "192.0.2.7 0"),
        // What the client put in front is not reached.
        ("1.1.1.1, 192.0.2.7", "192.0.2.7 0"), ("garbage, \"x, 192.0.2.7", "192.0.2.7 0"),
        (",,192.0.2.7, ,", "192.0.2.7 0"),
        ("10.0.0.9, 192.0.2.7", "192.0.2.7 0"),
        // Through several proxies.
        ("1.1.1.1, 192.0.2.7, 10.0.0.3, 10.0.0.2", "192.0.2.7 0"), ("192.0.2.7, ::1", "192.0.2.7 0"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3 0"),
        // What is hidden is not a proxy.
        ("1.1.1.1, unknown", "unknown 0"), ("1.1.1.1, _hidden.proxy-1", "_hidden.proxy-1 0"),
        // What is malformed ends the way, at the last that was legible.
        ("192.0.2.7, evil", "10.0.0.1 999"), ("192.0.2.7, 10.0.0.300", "10.0.0.1 999"),
        ("192.0.2.7, evil, 10.0.0.2", "10.0.0.2 0"),
        ("192.0.2.7:0x10", "10.0.0.1 999"), ("192.0.2.7:99999", "10.0.0.1 999"), ("[192.0.2.7]", "10.0.0.1 999"),
        ("[::7", "10.0.0.1 999"), ("_", "10.0.0.1 999"), ("_a<b", "10.0.0.1 999"), ("", "10.0.0.1 999"),
        ("192.0.2.7;x=y", "10.0.0.1 999"), ("\"192.0.2.7\"", "10.0.0.1 999"),
    ])
    func `the client is the first from the right that is no proxy`(value: String, expected: String) {
        #expect(origin(Self.standard, ["X-Forwarded-For": value]) == "\(expected) http inner ")
    }

    @Test func `lines of one field are one list`() {
        #expect(
            origin(Self.standard, ["X-Forwarded-For": "1.1.1.1", "x-forwarded-for": "192.0.2.7, 10.0.0.2"])
                == "192.0.2.7 0 http inner ")
    }

    @Test(
        arguments: [
            (["X-Forwarded-Proto": "https"], "https inner "), (["X-Forwarded-Proto": "HTTPS"], "https inner "),
            (["X-Forwarded-Proto": "javascript"], "http inner "),
            (["X-Forwarded-Proto": "http, https"], "https inner "),
            (["X-Forwarded-Host": "shop.example"], "http shop.example "),
            (["X-Forwarded-Host": "shop.example:8443"], "http shop.example:8443 "),
            (["X-Forwarded-Host": "[2001:db8::1]:80"], "http [2001:db8::1]:80 "),
            (["X-Forwarded-Host": "evil.example, shop.example"], "http shop.example "),
            (["X-Forwarded-Host": "a@b"], "http inner "), (["X-Forwarded-Host": "a/b"], "http inner "),
            (["X-Forwarded-Host": "a b"], "http inner "), (["X-Forwarded-Host": "a:b"], "http inner "),
            (["X-Forwarded-Host": "a:"], "http inner "), (["X-Forwarded-Host": "<a>"], "http inner "),
            (["X-Forwarded-Host": "[::1"], "http inner "), (["X-Forwarded-Host": ":80"], "http inner "),
            (["X-Forwarded-Prefix": "/shop"], "http inner /shop"),
            (["X-Forwarded-Prefix": "/shop/eu/"], "http inner /shop/eu"),
            (["X-Forwarded-Prefix": "/"], "http inner "), (["X-Forwarded-Prefix": "//evil.example"], "http inner "),
            (["X-Forwarded-Prefix": "/a/../b"], "http inner "), (["X-Forwarded-Prefix": "/a//b"], "http inner "),
            (["X-Forwarded-Prefix": "/\\evil"], "http inner "), (["X-Forwarded-Prefix": "shop"], "http inner "),
            (["X-Forwarded-Prefix": "https://evil.example"], "http inner "),
            (["X-Forwarded-Prefix": "/%2e%2e"], "http inner "),
            (["X-Forwarded-Prefix": "/a?b"], "http inner "),
        ] as [(KeyValuePairs<String, String>, String)])
    func `scheme, host and prefix are those of the proxy, where they are some`(
        headers: KeyValuePairs<String, String>, expected: String
    ) {
        #expect(origin(Self.all, headers) == "10.0.0.1 999 \(expected)")
    }

    @Test func `a field that the proxies do not set is the client's, and not believed`() {
        let headers: KeyValuePairs = [
            "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil",
            "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
        ]
        #expect(origin(Self.standard, headers) == "192.0.2.7 0 http inner ")
        #expect(
            origin(Self.rfc, ["X-Forwarded-For": "6.6.6.6", "Forwarded": "for=192.0.2.7"]) == "192.0.2.7 0 http inner ")
    }

    @Test func `of a list each proxy has its own, the outermost counts`() {
        #expect(
            origin(
                Self.all,
                [
                    "X-Forwarded-For": "6.6.6.6, 192.0.2.7, 10.0.0.2", "X-Forwarded-Proto": "ftp, https, http",
                    "X-Forwarded-Host": "evil.example, shop.example, inner.example",
                ]) == "192.0.2.7 0 https shop.example ")
    }

    // MARK: - RFC 7239

    @Test(arguments: [
        ("for=192.0.2.43", "192.0.2.43 0 http inner "),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17 4711 http inner "),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60 0 http inner "),
        ("for=192.0.2.60;proto=https;host=\"shop.example:8443\"", "192.0.2.60 0 https shop.example:8443 "),
        ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17 0 http inner "),
        ("for=192.0.2.43;proto=https, for=10.0.0.2;proto=http", "192.0.2.43 0 https inner "),
        ("for=_gazonk", "_gazonk 0 http inner "), ("for=unknown", "unknown 0 http inner "),
        ("for=\"_SEVKISEK\"", "_SEVKISEK 0 http inner "), ("for=\"192.0.2.1:_port\"", "192.0.2.1 0 http inner "),
        ("for=\"192.0.2.1:80\";ext=\"a,b;c\\\"d\"", "192.0.2.1 80 http inner "),
        (" FOR=192.0.2.1 ; Proto=HTTPS ", "192.0.2.1 0 https inner "), ("for=192.0.2.1;", "192.0.2.1 0 http inner "),
        ("proto=https", "10.0.0.1 999 https inner "), ("", "10.0.0.1 999 http inner "),
        // What a client put before it, quotes that it does not close among it.
        ("for=\"evil, for=192.0.2.1", "192.0.2.1 0 http inner "),
        ("\\\", for=\"192.0.2.1\"", "192.0.2.1 0 http inner "),
        (";;=, for=192.0.2.1", "192.0.2.1 0 http inner "), ("for=\"a\\\", for=192.0.2.1", "192.0.2.1 0 http inner "),
        // What is malformed ends the way.
        ("for=2001:db8::1", "10.0.0.1 999 http inner "), ("for=\"2001:db8::1\"", "10.0.0.1 999 http inner "),
        ("for =192.0.2.1", "10.0.0.1 999 http inner "), ("for= 192.0.2.1", "10.0.0.1 999 http inner "),
        ("for=192.0.2.1;for=192.0.2.2", "10.0.0.1 999 http inner "), ("for=", "10.0.0.1 999 http inner "),
        ("for=\"192.0.2.1", "10.0.0.1 999 http inner "), ("for=evil", "10.0.0.1 999 http inner "),
        ("for", "10.0.0.1 999 http inner "),
        ("for=192.0.2.1 proto=https", "10.0.0.1 999 http inner "), ("for=\"192.0.2.1\"x", "10.0.0.1 999 http inner "),
        ("for=192.0.2.9, evil, for=10.0.0.2;proto=https", "10.0.0.2 0 https inner "),
        ("for=192.0.2.1;host=\"evil.example/x\"", "192.0.2.1 0 http inner "),
        ("for=192.0.2.1;host=\"a@b\"", "192.0.2.1 0 http inner "),
    ])
    func `Forwarded is read by its whole grammar`(value: String, expected: String) {
        #expect(origin(Self.rfc, ["Forwarded": value]) == expected)
    }

    @Test func `no list makes more of itself than a client could have sent`() {
        let long = String(repeating: "10.0.0.2,", count: 5000)
        #expect(origin(Self.standard, ["X-Forwarded-For": long]) == "10.0.0.2 0 http inner ")
        let quotes = String(repeating: "\"", count: 20_001)
        #expect(origin(Self.rfc, ["Forwarded": quotes]) == "10.0.0.1 999 http inner ")
        let slashes = "for=\"" + String(repeating: "\\", count: 20_000) + "\""
        #expect(origin(Self.rfc, ["Forwarded": slashes]) == "10.0.0.1 999 http inner ")
    }

    /// Whatever stands before it, the element that a proxy adds is the one that is read.
    @Test func `no beginning changes what a proxy has added`() {
        var random = SeededGenerator(state: 42)
        let pieces = ["\"", "\\", ",", ";", "=", "for", "for=1.1.1.1", " ", "proto=https", "\t", "a", "[", "]", "\\\""]
        for _ in 0..<3000 {
            let count = Int.random(in: 0..<12, using: &random)
            let evil = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            let own =
                ["for=192.0.2.7", "for=\"[2001:db8::7]\"", "proto=http;for=\"192.0.2.7\""].randomElement(using: &random)
                ?? ""
            let expected = own.contains("db8") ? "2001:db8::7 0 http inner " : "192.0.2.7 0 http inner "
            #expect(origin(Self.rfc, ["Forwarded": "\(evil), \(own)"]) == expected, "\(evil), \(own)")
        }
    }

    // MARK: - In an app

    private func host(_ proxies: TrustedProxies?) throws -> TestHost {
        try TestHost(controllers: SeenController.self) { app in app.trustedProxies = proxies }
    }

    private static let headers = fields([
        "Host": "inner", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Prefix": "/shop",
    ])

    @Test func `the app has the client's address, and the address that the client has of it`() async throws {
        let proxies = TrustedProxies(
            ["127.0.0.1"], fields: [.xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPrefix])
        let client = try host(proxies).client(headers: Self.headers)
        #expect(try await client.get("/seen").text == "192.0.2.7:0 https://shop.example /shop")
        #expect(try await client.post("/seen").headers[.location] == "/shop/seen")
        #expect(try await client.post("/seen/made").headers[.location] == "/shop/seen/7")
        #expect(try await client.get("/seen/").headers[.location] == "/shop/seen")
        for (to, location) in [("//a.example/b", "//a.example/b"), ("https://a.example/", "https://a.example/")] {
            #expect(try await client.get("/seen/elsewhere?to=\(to)").headers[.location] == location)
        }
    }

    /// Sends everybody to the sign-in page.
    private struct Doorkeeper: ImmediateMiddleware {
        func answer(_ ctx: Context, next: Next) -> Answer {
            .now(Response(status: .seeOther, headers: [.location: "/sign-in?to=\(ctx.request.path)"]))
        }
    }

    @Test func `what a middleware redirects to has the prefix, too`() async throws {
        let client = try TestHost(controllers: SeenController.self) { app in
            app.use(Doorkeeper())
            app.trustedProxies = TrustedProxies(["127.0.0.1"], fields: .xForwardedPrefix)
        }.client(headers: Self.headers)
        #expect(try await client.get("/seen").headers[.location] == "/shop/sign-in?to=/seen")
    }

    @Test func `without the setting a peer is the client`() async throws {
        let client = try host(nil).client(headers: Self.headers)
        #expect(try await client.get("/seen").text.hasSuffix(" http://inner "))
        #expect(try await client.post("/seen").headers[.location] == "/seen")
        let other = try host(["10.0.0.1"]).client(headers: Self.headers)
        #expect(try await other.get("/seen").text.hasSuffix(" http://inner "))
    }

    @Test func `a rewrite sees the client, and keeps what the proxy has said`() async throws {
        let client = try TestHost(controllers: SeenController.self) { app in
            app.trustedProxies = TrustedProxies(["127.0.0.1"], fields: [.xForwardedHost, .xForwardedPrefix])
            app.rewrite { $0.authority == "shop.example" ? "/seen" : nil }
        }.client(headers: Self.headers)
        #expect(try await client.get("/old").text.hasSuffix(" http://shop.example /shop"))
    }

    @Test(arguments: [["10.0.0.1/8"], ["nginx"], ["10.0.0.0/8", ""]])
    func `what is no network ends the start`(proxies: [String]) {
        #expect(throws: StartupError.self) { try host(TrustedProxies(proxies)) }
    }

    @Test func `two ways of saying one thing end the start`() throws {
        #expect(throws: StartupError.self) { try host(TrustedProxies(["::1"], fields: [.forwarded, .xForwardedFor])) }
        _ = try host(TrustedProxies(["::1"], fields: [.forwarded, .xForwardedPrefix]))
    }
}

private func + (left: HTTPFields, right: HTTPFields) -> HTTPFields {
    var both = left
    both.append(contentsOf: right)
    return both
}
