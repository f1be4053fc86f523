import Martlet
import MartletTesting
import Synchronization

/// A middleware that measures what it wraps: it answers one request many times.
final class Probe: Middleware {
    private let measured = Mutex<Measurement?>(nil)

    func respond(to ctx: Context, next: Next) async throws -> Response {
        let result = try await Measurement.of { use(try await next(ctx)) }
        measured.withLock { $0 = result }
        return try await next(ctx)
    }

    /// What an application's own part of one request costs: middleware, routing, binding, the action and its result.
    ///
    /// - Throws: an error where the request is not answered with 200, for then something else was measured.
    static func cost(
        behind middleware: [any Middleware] = [], as user: User? = nil,
        of request: (TestClient) async throws -> TestResponse
    ) async throws -> Measurement {
        let probe = Probe()
        let host = try TestHost(ProbedApp()) { app in
            app.use(probe)
            for one in middleware { app.use(one) }
        }
        let client = if let user { try await host.client(as: user) } else { host.client() }
        let response = try await request(client)
        guard response.status == .ok, let result = probe.measured.withLock({ $0 }) else {
            throw StartupError("not measured: \(response)")
        }
        return result
    }
}

struct ProbedApp: App {
    func configure(_ app: inout AppBuilder) {}
}

struct Order: Codable {
    var item: String
    var quantity: Int
    var gift: Bool
}

@Controller
struct OrderController {
    func plain() -> String { "ok" }

    @GET("{id}/one") func one(id: Int) -> String { "ok" }

    @POST func fields(item: String, quantity: Int, gift: Bool) -> String { "ok" }

    @POST func whole(@Body order: Order) -> String { "ok" }

    func encoded() -> Order { Order(item: "martlet", quantity: 3, gift: true) }
}
