import HTTPTypes
import Logging
import MartletCore
import MartletTesting
import NIOCore
import Testing

/// Who is signed in, by a header.
private struct CurrentUser: ContextValue {
    let name: String

    static func make(from ctx: Context) async throws -> CurrentUser {
        ctx.response.headers.append(HTTPField(name: .server, value: "asked"))
        await Task.yield()
        switch ctx.request.headers[.authorization] {
        case nil: throw HTTPError(.unauthorized, "Sign in first.")
        case "closed": throw HTTPError(.forbidden)
        case let name?: return CurrentUser(name: name)
        }
    }
}

/// A service of the request, made from it.
private struct Tenant: Sendable {
    let host: String
}

/// A row that has to be fetched.
private struct Row: AsyncResponseConvertible {
    let id: Int

    func response(for context: Context) async throws -> Response {
        await Task.yield()
        guard id > 0 else { throw HTTPError(.notFound, "No such row.") }
        return Response(status: .created, text: "row \(id)")
    }
}

@Controller("facts")
private struct FactsController {
    @GET func origin(_ request: Request) -> String { request.origin ?? "-" }
    @GET func user(_ user: CurrentUser, n: Int = 0) -> String { "\(user.name) \(n)" }
    @GET func anybody(_ user: CurrentUser?) -> String { user?.name ?? "nobody" }
    @GET func twice(_ user: CurrentUser, _ ctx: Context) async throws -> String {
        try await ctx.value(CurrentUser.self).name
    }
    @GET func tenant(_ tenant: Tenant) -> String { tenant.host }
    @GET func row(id: Int) -> Row { Row(id: id) }
    @GET func rowOrNot(id: Int) -> Row? { id == 5 ? nil : Row(id: id) }
    @POST func text(@Body text: String) -> String { text }
    @POST func named(name: String) -> String { name }

    @GET func log(_ ctx: Context) -> String {
        Logger.current.notice("at once")
        return ctx.requestID
    }
    @GET func logLater(_ ctx: Context) async -> String {
        await Task.yield()
        Logger.current.notice("later")
        ctx.logger.notice("by name")
        return ctx.requestID
    }
    @GET func logInStream(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            Logger.current.notice("in a stream")
            try client.send(data: "sent")
        }
    }
    @GET func logInBody() -> Response {
        Response(
            body: .stream { writer in
                Logger.current.notice("in a body")
                try await writer.write("written")
            })
    }
}

/// Rot13, as decompression would be: in pieces, and as the client sends it.
private struct Decoding: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response {
        if ctx.request.headers[.contentEncoding] == "double" {
            ctx.request.body.replace(decodesContent: true) { original in
                original.map { chunk in
                    var doubled = chunk
                    doubled.writeImmutableBuffer(chunk)
                    return doubled
                }
            }
        }
        return try await next(ctx)
    }
}

@Suite struct RequestFactsTests {
    private static func host(
        over transport: Transport, _ configure: (inout AppBuilder) -> Void = { _ in }
    ) throws -> TestHost {
        try TestHost(controllers: FactsController.self, over: transport) { app in
            app.services.scoped(Tenant.self) { _, ctx in Tenant(host: ctx.request.authority ?? "-") }
            app.use(Decoding())
            app.limits.maxBodyBytes = 64
            configure(&app)
        }
    }

    static let answers: [(target: String, user: String?, status: HTTPResponse.Status, text: String)] = [
        ("user", "alice", .ok, "alice 0"), ("user?n=3", "alice", .ok, "alice 3"),
        // Before what is wrong with the other parameters.
        ("user?n=x", nil, .unauthorized, ""), ("user?n=x", "alice", .badRequest, ""),
        ("user", "closed", .forbidden, ""),
        ("anybody", nil, .ok, "nobody"), ("anybody", "bob", .ok, "bob"), ("anybody", "closed", .forbidden, ""),
        ("twice", "alice", .ok, "alice"),
        ("row?id=1", nil, .created, "row 1"), ("row?id=0", nil, .notFound, ""),
        ("row-or-not?id=5", nil, .notFound, ""), ("row-or-not?id=6", nil, .created, "row 6"),
    ]

    @Test(arguments: Transport.allCases)
    func `values of the request are parameters, and results may have to be waited for`(
        transport: Transport
    ) async throws {
        let client = try Self.host(over: transport).client()
        for row in Self.answers {
            let headers: HTTPFields = row.user.map { [.authorization: $0] } ?? [:]
            let response = try await client.get("/facts/\(row.target)", headers: headers)
            #expect(response.status == row.status, "\(row)")
            if !row.text.isEmpty { #expect(response.text == row.text, "\(row)") }
        }
        let twice = try await client.get("/facts/twice", headers: [.authorization: "alice"])
        #expect(twice.headers[.server] == "asked", "made once for a request")
    }

    @Test func `a service of the type stands in for a value of the request`() async throws {
        let client = try Self.host(over: .inProcess) { $0.services.add(CurrentUser(name: "fake")) }.client()
        #expect(try await client.get("/facts/user").text == "fake 0")
        #expect(try await client.get("/facts/anybody").text == "fake")
        #expect(try await client.get("/facts/twice").text == "fake")
    }

    @Test(arguments: Transport.allCases) func `a request knows where the client thinks it is`(
        transport: Transport
    ) async throws {
        let client = try Self.host(over: transport).client()
        let host = try #require(HTTPField.Name("Host"))
        #expect(
            try await client.get("/facts/origin", headers: [host: "shop.example:81"]).text == "http://shop.example:81")
        #expect(try await client.get("/facts/tenant", headers: [host: "a.example"]).text == "a.example")
    }

    static let bodies: [(coding: String?, type: String, body: String, status: HTTPResponse.Status, text: String)] = [
        ("double", "application/x-www-form-urlencoded", "name=ab", .ok, "abname=ab"),
        (nil, "application/x-www-form-urlencoded", "name=ab", .ok, "ab"),
        ("gzip", "application/x-www-form-urlencoded", "name=ab", .unsupportedMediaType, ""),
        // The limit holds for what it becomes.
        (
            "double", "application/x-www-form-urlencoded", "name=" + String(repeating: "a", count: 40),
            .contentTooLarge, ""
        ),
        ("double", "application/x-www-form-urlencoded", String(repeating: "a", count: 65), .contentTooLarge, ""),
        ("double", "application/x-www-form-urlencoded", "", .badRequest, ""),
    ]

    @Test(arguments: Transport.allCases) func `middleware may replace the body`(transport: Transport) async throws {
        let client = try Self.host(over: transport).client()
        for row in Self.bodies {
            var headers: HTTPFields = [.contentType: row.type]
            if let coding = row.coding { headers[.contentEncoding] = coding }
            let response = try await client.request(
                .post, "/facts/named", headers: headers, body: ByteBuffer(string: row.body))
            #expect(response.status == row.status, "\(row)")
            if !row.text.isEmpty { #expect(response.text == row.text, "\(row)") }
        }
    }

    @Test(arguments: Transport.allCases) func `what a request logs has its id, by whatever name`(
        transport: Transport
    ) async throws {
        let host = try Self.host(over: transport)
        let client = host.client()
        let now = try await client.get("/facts/log").text
        let later = try await client.get("/facts/log-later").text
        #expect(try await client.get("/facts/log-in-body").text == "written")
        let stream = try await client.stream("/facts/log-in-stream")
        try await stream.expect("message", data: "sent")
        let lines = host.log.filter { $0.level == .notice }
        #expect(lines.map(\.message) == ["at once", "later", "by name", "in a body", "in a stream"])
        let ids = lines.map { $0.metadata["request-id"] }
        #expect(ids[0] == now)
        #expect(ids[1] == later && ids[2] == later)
        #expect(Set(ids).count == 4 && !ids.contains(nil))
    }

    @Test(arguments: Transport.allCases) func `a request may be sent elsewhere before it is routed`(
        transport: Transport
    ) async throws {
        struct Route: ImmediateMiddleware {
            func answer(_ ctx: Context, next: Next) -> Answer {
                let path = "\(ctx.routeName ?? "-") \(ctx.request.path)"
                return next.answer(ctx) { $0.headers[.server] = path }
            }
        }
        let client = try TestHost(controllers: FactsController.self, over: transport) { app in
            app.services.scoped(Tenant.self) { _, ctx in Tenant(host: ctx.request.authority ?? "-") }
            app.use(Route())
            app.rewrite { $0.path.hasPrefix("/old/") ? "/new/\($0.target.dropFirst(5))" : nil }
            app.rewrite { $0.path.hasPrefix("/new/") ? "/facts/\($0.target.dropFirst(5))" : nil }
            app.rewrite { $0.path == "/lost" ? "nowhere" : nil }
        }.client()
        let row = try await client.get("/old/row?id=3")
        #expect(row.text == "row 3")
        #expect(row.headers[.server] == "Facts@row /facts/row")
        #expect(try await client.post("/old/named", form: ["name": "x"]).text == "x")
        #expect(try await client.get("/lost").status == .notFound)
        #expect(try await client.get("/facts/row?id=1").text == "row 1")
    }
}
