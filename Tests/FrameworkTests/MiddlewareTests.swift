import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

/// Notes when a request comes in and when its response goes out.
private struct Noting: Middleware {
    let name: String
    let journal: Journal
    func respond(to ctx: Context, next: Next) async throws -> Response {
        journal.note("\(name) in")
        let response = try await next(ctx)
        journal.note("\(name) out \(response.status.code)")
        return response
    }
}

/// The same without waiting.
private struct NotingAtOnce: ImmediateMiddleware {
    let name: String
    let journal: Journal
    func answer(_ ctx: Context, next: Next) -> Answer {
        journal.note("\(name) in")
        return next.answer(ctx) { response in journal.note("\(name) out \(response.status.code)") }
    }
}

private struct Gate: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response {
        switch ctx.request.rawQuery {
        case "abort": return Response(status: .forbidden, text: "closed")
        case "throw": throw HTTPError(.tooManyRequests, "slow down")
        case "break": throw Broken()
        default: return try await next(ctx)
        }
    }
}

private struct GateAtOnce: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) throws -> Answer {
        switch ctx.request.rawQuery {
        case "abort": return .now(Response(status: .forbidden, text: "closed"))
        case "throw": throw HTTPError(.tooManyRequests, "slow down")
        case "break": throw Broken()
        case "break-behind": return next.answer(ctx) { _ in throw Broken() }
        case "break-later": return .later(ctx) { throw Broken() }
        case "complete": return next.answer(ctx).flatMap(ctx) { response in .now(response) }
        case "break-completing": return next.answer(ctx).flatMap(ctx) { _ in throw Broken() }
        default: return next.answer(ctx)
        }
    }
}

private struct Broken: Error {}

private struct Stamp: Middleware {
    enum Key: ContextKey { typealias Value = String }
    func respond(to ctx: Context, next: Next) async throws -> Response {
        let isFresh = ctx[Key.self] == nil
        ctx[Key.self] = "\(ctx.request.path) \(isFresh)"
        return try await next(ctx)
    }
}

@Controller("wrapped")
struct WrappedController {
    let journal: Journal
    var middleware: [any Middleware] {
        [Noting(name: "c1", journal: journal), Gate(), Noting(name: "c2", journal: journal)]
    }

    @GET func ok() -> String {
        journal.note("action")
        return "ok"
    }
    @GET func failing() throws -> String { throw HTTPError(.conflict) }
    @GET func stamp(_ ctx: Context) -> String { ctx[Stamp.Key.self] ?? "nothing" }
}

@Suite struct MiddlewareTests {
    private let journal = Journal()

    private func client(_ middleware: any Middleware...) throws -> TestClient { try client(middleware) }

    private func client(_ middleware: [any Middleware]) throws -> TestClient {
        let journal = journal
        return try TestHost(controllers: WrappedController.self, QuickController.self) { builder in
            builder.services.add(journal)
            for one in middleware { builder.use(one) }
        }.client()
    }

    @Test func `middleware wraps in order, the application's around the controller's`() async throws {
        let client = try client(Noting(name: "a1", journal: journal), Noting(name: "a2", journal: journal))
        #expect(try await client.get("/wrapped/ok").text == "ok")
        #expect(
            journal.all == [
                "a1 in", "a2 in", "c1 in", "c2 in", "action", "c2 out 200", "c1 out 200", "a2 out 200", "a1 out 200",
            ])
    }

    @Test func `a middleware that returns early keeps what it wraps from running`() async throws {
        let client = try client(Noting(name: "a", journal: journal), Gate())
        let response = try await client.get("/wrapped/ok?abort")
        #expect(response.status == .forbidden)
        #expect(response.text == "closed")
        #expect(journal.all == ["a in", "a out 403"])
    }

    @Test func `a controller's middleware can abort its actions`() async throws {
        #expect(try await client().get("/wrapped/ok?abort").text == "closed")
        #expect(journal.all == ["c1 in", "c1 out 403"])
    }

    @Test func `application middleware sees an action's error as its response, and a 404 too`() async throws {
        let client = try client(Noting(name: "a", journal: journal))
        _ = try await client.get("/wrapped/failing")
        #expect(journal.all == ["a in", "c1 in", "c2 in", "c2 out 409", "c1 out 409", "a out 409"])
        _ = try await client.get("/nowhere")
        #expect(journal.all.suffix(2) == ["a in", "a out 404"])
    }

    @Test(arguments: [("throw", 429), ("break", 500)])
    func `an error that a middleware throws is a response`(query: String, status: Int) async throws {
        let application = try await client(Gate()).get("/wrapped/ok?\(query)")
        #expect(application.status.code == status)
        #expect(try application.problem().status == status)
        let controller = try await client().get("/wrapped/ok?\(query)")
        #expect(controller.status.code == status)
    }

    @Test func `what a middleware keeps belongs to one request`() async throws {
        let client = try client(Stamp())
        for _ in 0..<2 { #expect(try await client.get("/wrapped/stamp").text == "/wrapped/stamp true") }
    }

    @Test(arguments: [
        (["waits", "waits", "waits"]), (["at once", "at once", "at once"]), (["waits", "at once", "waits"]),
        (["at once", "waits", "at once"]),
    ])
    func `middleware that waits and such that does not wrap each other in order`(kinds: [String]) async throws {
        let names = ["a1", "a2", "a3"]
        let chain = zip(names, kinds).map { name, kind -> any Middleware in
            kind == "waits" ? Noting(name: name, journal: journal) : NotingAtOnce(name: name, journal: journal)
        }
        let response = try await client(chain).get("/wrapped/ok")
        #expect(response.text == "ok")
        #expect(
            journal.all == [
                "a1 in", "a2 in", "a3 in", "c1 in", "c2 in", "action", "c2 out 200", "c1 out 200", "a3 out 200",
                "a2 out 200", "a1 out 200",
            ])
    }

    @Test(arguments: [
        ("abort", 403), ("throw", 429), ("break", 500), ("break-behind", 500), ("break-later", 500), ("complete", 200),
        ("break-completing", 500),
    ])
    func `whatever a middleware does, those outside it see a response`(query: String, status: Int) async throws {
        let gates: [any Middleware] =
            query.contains("-") || query == "complete" ? [GateAtOnce()] : [Gate(), GateAtOnce()]
        for gate in gates {
            for outer in [true, false] {
                let journal = Journal()
                let chain: [any Middleware] =
                    outer
                    ? [NotingAtOnce(name: "a", journal: journal), Noting(name: "b", journal: journal)]
                    : [Noting(name: "a", journal: journal), NotingAtOnce(name: "b", journal: journal)]
                let response = try await client(chain + [gate]).get("/quick/ok?\(query)")
                #expect(response.status.code == status)
                #expect(journal.all == ["a in", "b in", "b out \(status)", "a out \(status)"])
            }
        }
    }

    /// A sign-in that fails behind everything that must see it.
    private struct Refusing: Middleware {
        func respond(to ctx: Context, next: Next) async throws -> Response {
            ctx.session["attempts"] = "1"
            throw HTTPError(.unauthorized, "Sign in first.")
        }
    }

    private struct Headers: Middleware {
        func respond(to ctx: Context, next: Next) async throws -> Response {
            var response = try await next(ctx)
            response.headers[.xContentTypeOptions] = "nosniff"
            return response
        }
    }

    @Test func `an error inside is logged, saves the session and gets its headers`() async throws {
        let host = try TestHost(
            controllers: QuickController.self, middleware: RequestLog(), Headers(), Sessions(.memory), Refusing())
        let response = try await host.client().get("/quick/ok")
        #expect(response.status == .unauthorized)
        #expect(response.headers[.xContentTypeOptions] == "nosniff")
        #expect(response.headers[.setCookie]?.hasPrefix("martlet_session=") == true)
        let lines = host.log.map { "\($0)" }
        #expect(lines.contains { $0.contains("GET /quick/ok") && $0.contains("401") }, "\(lines)")
    }

    @Test func `the request log has one line for each answer`() async throws {
        let host = try TestHost(controllers: QuickController.self, middleware: RequestLog(level: .notice))
        let client = host.client()
        _ = try await client.get("/quick/ok?secret=1")
        _ = try await client.get("/nowhere")
        _ = try await client.delete("/quick/ok")
        let lines = host.log.filter { $0.level == .notice }
        #expect(lines.map(\.message) == ["GET /quick/ok", "GET /nowhere", "DELETE /quick/ok"])
        #expect(lines.map { $0.metadata["status"] } == ["200", "404", "405"])
        #expect(lines.map { $0.metadata["route"] } == ["Quick@ok", "-", "-"])
        #expect(lines.allSatisfy { $0.metadata["address"] == "127.0.0.1" })
        #expect(lines.allSatisfy { Int($0.metadata["microseconds"] ?? "") ?? -1 >= 0 })
    }

    @Test func `middleware knows the route before the action runs`() async throws {
        struct Asking: ImmediateMiddleware {
            let journal: Journal
            func answer(_ ctx: Context, next: Next) -> Answer {
                journal.note("\(ctx.routeName ?? "none") \(ctx.route?.path ?? "-") \(ctx.parameter("id") ?? "-")")
                return next.answer(ctx)
            }
        }
        let client = try client([Asking(journal: journal)])
        _ = try await client.get("/quick/7")
        _ = try await client.get("/nowhere")
        _ = try await client.post("/quick/7")
        #expect(journal.all == ["Quick@show /quick/{id} 7", "none - -", "none - -"])
    }

    /// Sessions in a place that has to be waited for.
    private struct SlowSessions: SessionStore {
        let store = MemorySessionStore()
        func load(_ handle: SessionHandle) async throws -> StoredSession? { store.load(handle) }
        func create(_ session: StoredSession) async throws -> [EndedSession] { store.create(session) }
        func update(_ handle: SessionHandle, _ change: SessionChange) async throws -> SessionChange.Outcome {
            store.update(handle, change)
        }
        func remove(_ handle: SessionHandle) async throws -> EndedSession? { store.remove(handle) }
        func sessions(of user: String) async throws -> [StoredSession] { store.sessions(of: user) }
        func sweep(_ expiry: SessionExpiry) async throws -> SessionSweep { store.sweep(expiry) }
    }

    static let waits: [(path: String, middleware: [any Middleware], waits: Bool)] = [
        ("/quick/ok", [], false),
        ("/quick/ok", [RequestLog(), Sessions(.memory), Compression()], false),
        ("/quick/remember", [RequestLog(), Sessions(.memory)], false),
        ("/nowhere", [Sessions(.memory)], false),
        ("/quick/throwing", [Sessions(.memory)], false),
        ("/martlet.js", [Sessions(.memory)], false),
        ("/admin/events", [], true),
        ("/quick/ok", [Sessions(SlowSessions())], false),
        ("/quick/remember", [Sessions(SlowSessions())], true),
        ("/quick/ok", [Sessions(.memory), Gate()], true),
        ("/quick/waiting", [Sessions(.memory)], true),
    ]

    @Test(arguments: waits.indices)
    func `a request takes a task only where something has to wait`(row: Int) async throws {
        let (path, middleware, waits) = Self.waits[row]
        let host = try TestHost(controllers: QuickController.self) { app in
            for one in middleware { app.use(one) }
            app.mount(ClientScript())
            app.mount(EventsAdmin { _ in true })
        }
        let application = host.application
        let loop = application.executors[0].eventLoop
        let isNow = try await loop.submit {
            let ctx = application.context(
                request: Request(method: .get, target: path, headers: [:], body: .empty),
                client: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1), eventLoop: loop)
            return if case .now = application.answer(ctx) { true } else { false }
        }.get()
        #expect(isNow == !waits)
    }
}

/// Actions that need not wait, but for one.
@Controller("quick")
struct QuickController {
    @GET func ok() -> String { "ok" }
    @GET func throwing() throws -> String { throw HTTPError(.conflict) }
    @GET func remember(_ ctx: Context) { ctx.session["seen"] = "yes" }
    @GET func waiting() async -> String { "waited" }
    func show(id: Int) -> String { "\(id)" }
}
