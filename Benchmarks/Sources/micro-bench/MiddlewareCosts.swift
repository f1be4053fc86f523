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
    }

    private static func cost(_ middleware: [any Middleware]) async throws -> Measurement {
        try await Probe.cost(behind: middleware) { try await $0.get("/order/plain") }
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
