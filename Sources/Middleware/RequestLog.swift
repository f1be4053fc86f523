import Logging
import MartletCore

/// Logs every request when it is answered: method, path, status, how long the answer took.
public struct RequestLog: Middleware {
    private let level: Logger.Level

    public init(level: Logger.Level = .info) { self.level = level }

    public func respond(to ctx: Context, next: Next) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(ctx)
        let time = start.duration(to: .now)
        ctx.logger.log(
            level: level, "\(ctx.request.method) \(ctx.request.path)",
            metadata: [
                "status": "\(response.status.code)", "route": "\(ctx.routeName ?? "-")",
                "microseconds":
                    "\(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000)",
                "address": "\(ctx.client.address)",
            ])
        return response
    }
}
