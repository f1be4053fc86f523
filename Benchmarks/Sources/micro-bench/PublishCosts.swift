import Martlet
import MartletTesting
import Synchronization

/// What a publish costs that reaches nobody.
enum PublishCosts {
    static func measure() async throws {
        let probe = PublishProbe()
        let host = try TestHost(ProbedApp()) { app in
            try app.events.topic("idle") { $0.keepsHistory = false }
            app.use(probe)
        }
        _ = try await host.client().get("/order/plain")
        guard let measured = probe.measured.withLock({ $0 }) else { throw StartupError("nothing was published") }
        report("publish_idle", "martlet", measured)
    }
}

/// Publishes, where a request has the hub at hand.
private final class PublishProbe: Middleware {
    let measured = Mutex<Measurement?>(nil)

    func respond(to ctx: Context, next: Next) async throws -> Response {
        let result = try publish(ctx.sse)
        measured.withLock { $0 = result }
        return try await next(ctx)
    }

    private func publish(_ sse: EventHub) throws -> Measurement {
        try Measurement.of { use(try sse.post(event: "message", data: "a small event", to: "idle")) }
    }
}
