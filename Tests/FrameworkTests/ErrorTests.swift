import HTTPTypes
import MartletCore
import MartletTesting
import Testing

private struct Broken: Error, CustomStringConvertible { let description = "the password is <swordfish>" }

@Controller("errors")
private struct ErrorController {
    @GET func missing() throws -> String { throw HTTPError(.notFound, "No <b>such</b> book.") }
    @GET func busy() throws -> String { throw HTTPError(.serviceUnavailable, headers: [.retryAfter: "7"]) }
    @GET func broken() throws -> String { throw Broken() }
    @GET func later() async throws -> String { throw Broken() }
    @GET func number(n: Int) -> String { "\(n)" }
}

@Suite struct ErrorTests {
    private static func host(
        over transport: Transport, _ configure: (inout AppBuilder) -> Void = { _ in }
    ) throws -> TestHost {
        try TestHost(controllers: ErrorController.self, over: transport) { configure(&$0) }
    }

    static let accepts: [(accept: String?, isPage: Bool)] = [
        (nil, false), ("*/*", false), ("application/json", false), ("application/json, text/html;q=0.9", false),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true), ("text/html", true),
        ("application/xhtml+xml, text/html", true), ("text/html;q=0", false),
        ("text/html;q=0.5, application/json", false),
        ("text/*", false), ("application/problem+json", false), ("text/html, application/json", true),
    ]

    @Test(arguments: Transport.allCases) func `a browser is shown a page, and nobody else`(
        transport: Transport
    ) async throws {
        let client = try Self.host(over: transport).client()
        for row in Self.accepts {
            for (path, status): (String, HTTPResponse.Status) in [
                ("errors/missing", .notFound), ("nowhere", .notFound), ("errors/number?n=x", .badRequest),
                ("errors/broken", .internalServerError), ("errors/later", .internalServerError),
            ] {
                let headers: HTTPFields = row.accept.map { [.accept: $0] } ?? [:]
                let response = try await client.get("/\(path)", headers: headers)
                #expect(response.status == status)
                let type = row.isPage ? "text/html; charset=utf-8" : "application/problem+json"
                #expect(response.headers[.contentType] == type, "\(path) \(row)")
                #expect(!response.text.contains("swordfish"))
                #expect(!response.text.contains("<b>such") || !row.isPage)
            }
        }
    }

    @Test func `a page says what JSON says`() async throws {
        let client = try Self.host(over: .inProcess).client()
        let html: HTTPFields = [.accept: "text/html"]
        #expect(
            try await client.get("/errors/missing", headers: html).text.contains("No &lt;b&gt;such&lt;/b&gt; book."))
        #expect(
            try await client.get("/errors/number?n=x", headers: html).text.contains(
                "<li>n: must be a whole number</li>"))
        #expect(try await client.get("/errors/busy", headers: html).headers[.retryAfter] == "7")
        let broken = try await client.get("/errors/broken", headers: html)
        let id = try #require(broken.log.first?.metadata["request-id"])
        #expect(broken.text.contains(id))
        let post = try await client.post("/errors/busy", headers: html)
        #expect(post.status == .methodNotAllowed)
        #expect(post.headers[.allow]?.contains("GET") == true)
        #expect(post.headers[.vary] == "Accept, Accept-Language")
    }

    @Test(arguments: Transport.allCases) func `an app decides what errors look like, those without a route included`(
        transport: Transport
    ) async throws {
        let client = try Self.host(over: transport) { app in
            app.errors { error, ctx in
                guard (error as? HTTPError)?.status == .notFound else { return nil }
                return HTML("nothing at \(ctx.request.path.escapedForHTML)")
            }
            app.errors { error, _ in
                if error is Broken { return Response(status: .badGateway, text: "broken") }
                return (error as? HTTPError)?.status == .methodNotAllowed ? Envelope.failed("not so") : nil
            }
        }.client()
        let nowhere = try await client.get("/nowhere")
        #expect(nowhere.status == .notFound)
        #expect(nowhere.text == "nothing at /nowhere")
        #expect(try await client.get("/errors/missing").text == "nothing at /errors/missing")
        let wrong = try await client.delete("/errors/busy")
        #expect(wrong.status == .methodNotAllowed)
        #expect(wrong.headers[.allow]?.contains("GET") == true, "the error's fields are kept")
        #expect(wrong.text == #"{"code":1,"msg":"not so","data":null}"#)
        for path in ["broken", "later"] {
            let broken = try await client.get("/errors/\(path)")
            #expect(broken.status == .badGateway)
            #expect(broken.log.map(\.message) == ["unhandled error"], "it is logged all the same")
        }
        #expect(try await client.get("/errors/number?n=x").headers[.contentType] == "application/problem+json")
    }

    @Test func `an error of the app's own page leaves the error as it is`() async throws {
        let client = try Self.host(over: .inProcess) { $0.errors { _, _ in throw Broken() } }.client()
        let response = try await client.get("/errors/missing")
        #expect(response.status == .notFound)
        #expect(try response.problem().detail == "No <b>such</b> book.")
        #expect(response.log.map(\.message) == ["app.errors has failed"])
    }
}
