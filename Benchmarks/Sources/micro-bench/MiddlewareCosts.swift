import Martlet
import MartletTesting

/// What a middleware adds to a request.
enum MiddlewareCosts {
    static func measure() async throws {
        let bare = try await cost([])
        let ten = try await cost(Array(repeating: Passing(), count: 10))
        report("middleware_passing", "martlet", (ten - bare) / 10)
        let tenWaiting = try await cost(Array(repeating: Waiting(), count: 10))
        report("middleware_waiting", "martlet", (tenWaiting - bare) / 10)
        report("middleware_sessions", "martlet", try await cost([Sessions(.memory)]) - bare)
        report("middleware_compression", "martlet", try await cost([Compression()]) - bare)
        let cors = CORS(origins: ["https://partner.example"], allowsCredentials: true)
        report("middleware_cors", "martlet", try await cost([cors]) - bare)
        let foreign: HTTPFields = [.origin: "https://partner.example"]
        report(
            "middleware_cors_foreign", "martlet",
            try await cost([cors], headers: foreign) - (try await cost([], headers: foreign)))
        report("middleware_security_headers", "martlet", try await cost([SecurityHeaders()]) - bare)
        // More than are measured, for time stands still.
        let limit = RateLimit(.requests(1_000_000, per: .seconds(60)), by: .address)
        report("middleware_rate_limit", "martlet", try await cost([limit]) - bare)
        let sessions = Sessions(.memory)
        let signedIn: [any Middleware] = [sessions, Authentication(.session)]
        report("middleware_authentication", "martlet", try await cost(signedIn) - (try await cost([sessions])))
        report(
            "middleware_authentication_user", "martlet",
            try await cost(signedIn, as: User(id: "1", name: "Ann", roles: ["admin"]))
                - (try await cost([sessions], as: User(id: "1", name: "Ann", roles: ["admin"]))))
        let shelf: [any Middleware] = [cors, SecurityHeaders(), limit] + signedIn
        report("middleware_shelf", "martlet", try await cost(shelf) - bare)
    }

    private static func cost(
        _ middleware: [any Middleware], as user: User? = nil, headers: HTTPFields = [:]
    ) async throws -> Measurement {
        try await Probe.cost(behind: middleware, as: user) { try await $0.get("/order/plain", headers: headers) }
    }
}

/// Does nothing, and waits for nothing.
private struct Passing: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) -> Answer { next.answer(ctx) }
}

/// Does nothing, and could wait.
private struct Waiting: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response { try await next(ctx) }
}
