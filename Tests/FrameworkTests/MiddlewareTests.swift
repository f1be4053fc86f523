import Martlet
import MartletTesting
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

    private func client(_ middleware: any Middleware...) throws -> TestClient {
        let journal = journal
        return try TestHost(controllers: WrappedController.self) { builder in
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
        #expect(journal.all == ["a in", "c1 in", "c2 in", "a out 409"])
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
}
