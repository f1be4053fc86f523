import HTTPTypes
import Martlet
import MartletTesting
import Synchronization
import Testing

// The samples of Docs/controllers.md and Docs/sessions-and-middleware.md about attributes and mounting.

/// What must be written into the books.
struct Audited {
    let what: String
}

@Mark(Audited(what: "orders"))
@Controller
struct ShopController {
    /// GET /shop: everybody may read
    func index() -> [String] { ["a lamp"] }

    /// POST /shop: who is signed in may buy, ten times a minute
    @Use(SignedInOnly(), RateLimit(.requests(10, per: .seconds(60))))
    func create(item: String) -> Envelope { .ok("bought \(item)") }

    /// DELETE /shop/{id}
    @Use(SignedInOnly()) @Mark(Audited(what: "cancellations"))
    func delete(id: Int) -> Envelope { .ok("cancelled \(id)") }
}

/// Writes down who did what.
@Injectable
struct Audit: ImmediateMiddleware {
    let book: AuditBook

    func answer(_ ctx: Context, next: Next) -> Answer {
        guard let audited = ctx.route?.mark(Audited.self), ctx.request.method != .get else { return next.answer(ctx) }
        return next.answer(ctx) { response in book.write("\(audited.what): \(response.status.code)") }
    }
}

/// What an app may mount: no service has its version.
@Controller(isDiscovered: false)
struct InfoController {
    let version: String

    func index() -> String { version }
}

struct LampShopApp: App {
    func configure(_ app: inout AppBuilder) {
        app.services.add(AuditBook())
        app.use(Sessions(.memory))
        app.use(Audit.self)
        app.controllers(ShopController.self)
        app.mount(InfoController(version: "1.2"), at: "/about", use: [Timing()])
    }
}

struct InjectedApp: App {
    func configure(_ app: inout AppBuilder) {
        app.errors { error, ctx in
            guard let error = error as? HTTPError, error.status == .notFound else { return nil }
            return HTML("<h1>There is nothing at \(ctx.request.path.escapedForHTML)</h1>")
        }
        app.services.add(AuditBook())
        app.use { services in Audit(book: try services.resolve()) }
        app.rewrite { request in request.path.hasPrefix("/old/") ? "/new/\(request.target.dropFirst(5))" : nil }
        app.controllers(ShopController.self)
    }
}

/// What the sample's reader would write.
final class AuditBook: Sendable {
    private let written = Mutex<[String]>([])
    var lines: [String] { written.withLock { $0 } }
    func write(_ line: String) { written.withLock { $0.append(line) } }
}

@Suite struct AttributeSampleTests {
    @Test func `the shop of the guide`() async throws {
        let book = AuditBook()
        let host = try TestHost(LampShopApp()) { $0.services.add(book) }
        let stranger = host.client()
        #expect(try await stranger.get("/shop").status == .ok)
        #expect(try await stranger.post("/shop", form: ["item": "lamp"]).status == .unauthorized)
        let alice = try await host.client(user: "1")
        for _ in 0..<10 { try await alice.post("/shop", form: ["item": "lamp"]).expect(.ok) }
        try await alice.post("/shop", form: ["item": "lamp"]).expect(.tooManyRequests)
        try await alice.delete("/shop/7").expect(.ok)
        #expect(book.lines.first == "orders: 401")
        #expect(book.lines.last == "cancellations: 200")
        #expect(book.lines.count == 13)
        let about = try await stranger.get("/about")
        #expect(about.text == "1.2")
        #expect(about.headers[.serverTiming] != nil)
    }
}
