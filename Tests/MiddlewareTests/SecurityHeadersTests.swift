import HTTPTypes
import Martlet
import MartletTesting
import Testing

@testable import MartletMiddleware

@Controller("page")
private struct PageController {
    @GET func plain() -> String { "plain" }
    @GET func nonce(_ ctx: Context) -> HTML { HTML("\(ctx.cspNonce) \(ctx.cspNonce)") }
    @GET func failing() throws -> String { throw HTTPError(.conflict) }
    @GET func own(_ ctx: Context) -> String {
        ctx.response.headers[.contentSecurityPolicy] = "default-src 'none'"
        ctx.response.headers[.xContentTypeOptions] = "own"
        return "own"
    }
    @GET func stream(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "hello") } }
    @Use(SecurityHeaders(contentSecurityPolicy: .nothing, openerPolicy: nil, resourcePolicy: .crossOrigin))
    @GET func lenient() -> String { "lenient" }
}

@Suite struct SecurityHeadersTests {
    private func client(_ headers: SecurityHeaders = SecurityHeaders(), isSecure: Bool = false) throws -> TestClient {
        try TestHost(controllers: PageController.self) { app in
            app.trustedProxies = ["127.0.0.1"]
            app.use(headers)
        }.client(headers: isSecure ? fields(["X-Forwarded-Proto": "https"]) : [:])
    }

    /// ASVS 5.0, 3.4.1 and 3.4.3 to 3.4.6, and 3.4.8.
    @Test func `every response has them`() async throws {
        let client = try client(isSecure: true)
        for path in ["/page/plain", "/page/failing", "/nowhere"] {
            let headers = try await client.get(path).headers
            #expect(headers[.xContentTypeOptions] == "nosniff")
            #expect(headers.named("Referrer-Policy") == "strict-origin-when-cross-origin")
            #expect(headers.named("X-Frame-Options") == "DENY")
            #expect(headers.named("Cross-Origin-Opener-Policy") == "same-origin")
            #expect(headers.named("Cross-Origin-Resource-Policy") == "same-origin")
            #expect(headers[.strictTransportSecurity] == "max-age=31536000; includeSubDomains")
            #expect(
                headers.named("Permissions-Policy")
                    == """
                    browsing-topics=(), camera=(), display-capture=(), geolocation=(), hid=(), \
                    microphone=(), midi=(), payment=(), serial=(), usb=()
                    """)
            #expect(
                headers[.contentSecurityPolicy]
                    == """
                    default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; \
                    form-action 'self'; frame-ancestors 'none'
                    """)
        }
        let stream = try await client.stream("/page/stream")
        #expect(stream.headers[.xContentTypeOptions] == "nosniff")
    }

    @Test func `TLS alone is asked for over TLS only`() async throws {
        #expect(try await client().get("/page/plain").headers[.strictTransportSecurity] == nil)
        let short = SecurityHeaders(strictTransport: .init(maxAge: .seconds(60), includesSubdomains: false))
        #expect(
            try await client(short, isSecure: true).get("/page/plain").headers[.strictTransportSecurity]
                == "max-age=60")
        let preloaded = SecurityHeaders(strictTransport: .init(isPreloaded: true))
        #expect(
            try await client(preloaded, isSecure: true).get("/page/plain").headers[.strictTransportSecurity]
                == "max-age=31536000; includeSubDomains; preload")
    }

    @Test func `a nonce is made once in a request, for the policy and the page`() async throws {
        let client = try client()
        var seen: Set<String> = []
        for _ in 0..<20 {
            let response = try await client.get("/page/nonce")
            let nonces = response.text.split(separator: " ")
            let nonce = try #require(nonces.first)
            #expect(nonces == [nonce, nonce])
            #expect(nonce.wholeMatch(of: /[A-Za-z0-9_-]{22}/) != nil)
            #expect(
                response.headers[.contentSecurityPolicy]?.hasPrefix(
                    "default-src 'self'; script-src 'self' 'nonce-\(nonce)'; style-src 'self' 'nonce-\(nonce)'; object-src"
                )
                    == true)
            seen.insert(String(nonce))
        }
        #expect(seen.count == 20)
    }

    @Test func `the error page keeps its style under the policy`() async throws {
        let response = try await client().get("/nowhere", headers: fields(["Accept": "text/html"]))
        let nonce = try #require(response.text.firstMatch(of: /<style nonce="([^"]+)">/)?.1)
        #expect(response.headers[.contentSecurityPolicy]?.contains("style-src 'self' 'nonce-\(nonce)'") == true)
    }

    @Test func `what an action has set stays`() async throws {
        let response = try await client().get("/page/own")
        #expect(response.headers[values: .contentSecurityPolicy] == ["default-src 'none'"])
        #expect(response.headers[values: .xContentTypeOptions] == ["own"])
        #expect(response.headers.named("Cross-Origin-Opener-Policy") == "same-origin")
    }

    @Test func `an attribute stands in place of the app's`() async throws {
        let headers = try await client().get("/page/lenient").headers
        #expect(
            headers[values: .contentSecurityPolicy]
                == ["default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"])
        #expect(headers.named("Cross-Origin-Opener-Policy") == nil)
        #expect(headers.named("Cross-Origin-Resource-Policy") == "cross-origin")
    }

    /// ASVS 5.0, 3.4.7.
    @Test func `a policy is changed by its directives, and may report`() async throws {
        var policy = ContentSecurityPolicy()
        policy[.imgSrc] = [.sameOrigin, "https://images.example", .scheme("data")]
        policy[.scriptSrc] = [.nonce]
        policy[.styleSrc] = nil
        policy[.frameAncestors] = [.sameOrigin]
        policy[.init("upgrade-insecure-requests")] = []
        policy.reportsTo = "/reports/csp"
        var next = ContentSecurityPolicy.nothing
        next.reportsTo = "/reports/csp"
        let client = try client(SecurityHeaders(contentSecurityPolicy: policy, reportOnly: next))
        let headers = try await client.get("/page/plain").headers
        #expect(
            headers[.contentSecurityPolicy]
                == """
                default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                frame-ancestors 'self'; img-src 'self' https://images.example data:; upgrade-insecure-requests; \
                report-uri /reports/csp; report-to csp
                """)
        #expect(headers.named("X-Frame-Options") == "SAMEORIGIN")
        #expect(headers.named("Reporting-Endpoints") == "csp=\"/reports/csp\"")
        #expect(
            headers[.contentSecurityPolicyReportOnly]?.hasSuffix("report-uri /reports/csp; report-to csp") == true)
        let page = try await client.get("/page/nonce")
        let nonce = page.text.prefix { $0 != " " }
        #expect(page.headers[.contentSecurityPolicy]?.contains("; script-src 'nonce-\(nonce)'; object-src") == true)
    }

    @Test func `a feature is allowed to whom it is named for`() async throws {
        let policy = PermissionsPolicy([
            .camera: [.sameOrigin, .origin("https://video.example")], .fullscreen: [.all], .init("midi"): [.sameOrigin],
        ])
        let text = try await client(SecurityHeaders(permissionsPolicy: policy)).get("/page/plain")
            .headers.named("Permissions-Policy")
        #expect(text?.contains("camera=(self \"https://video.example\")") == true)
        #expect(text?.contains("fullscreen=*") == true)
        #expect(text?.contains("midi=(self)") == true)
    }

    private static let wrong: [SecurityHeaders] = {
        func policy(_ change: (inout ContentSecurityPolicy) -> Void) -> SecurityHeaders {
            var policy = ContentSecurityPolicy()
            change(&policy)
            return SecurityHeaders(contentSecurityPolicy: policy)
        }
        return [
            policy { $0[.imgSrc] = ["https://a.example; script-src *"] },
            policy { $0[.imgSrc] = ["https://a.example\r\nSet-Cookie: a=b"] },
            policy { $0[.imgSrc] = ["https://a.example,https://b.example"] },
            policy { $0[.imgSrc] = [""] },
            policy { $0[.imgSrc] = ["https://bücher.example"] },
            policy { $0[.imgSrc] = [.none, .sameOrigin] },
            policy { $0[.imgSrc] = ["self"] },
            policy { $0[.init("img-src *; script-src")] = [.none] },
            policy { $0.reportsTo = "/csp; script-src *" },
            policy { $0.reportsTo = "/csp\"" },
            SecurityHeaders(permissionsPolicy: PermissionsPolicy([.camera: [.origin("https://a.example\")")]])),
            SecurityHeaders(permissionsPolicy: PermissionsPolicy([.init("camera=*, x"): []])),
            SecurityHeaders(strictTransport: .init(maxAge: .seconds(60), isPreloaded: true)),
            SecurityHeaders(strictTransport: .init(includesSubdomains: false, isPreloaded: true)),
        ]
    }()

    @Test func `a value that would mean something else in a field ends the start`() {
        for headers in Self.wrong { #expect(throws: StartupError.self) { try client(headers) } }
    }
}
