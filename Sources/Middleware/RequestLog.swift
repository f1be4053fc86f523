import HTTPTypes
import Logging
import MartletCore

/// Logs every request when it is answered: method, path, status, how long the answer took.
public struct RequestLog: ImmediateMiddleware {
    private let level: Logger.Level

    /// Logs every response at one level, whatever its status.
    public init(level: Logger.Level = .info) { self.level = level }

    /// Logs the response once there is one, an error's too; the events of a stream come after that.
    public func answer(_ ctx: Context, next: Next) -> Answer {
        let start = ContinuousClock.now
        return next.answer(ctx) { response in log(ctx, response.status, start.duration(to: .now)) }
    }

    private func log(_ ctx: Context, _ status: HTTPResponse.Status, _ time: Duration) {
        ctx.logger.log(
            level: level, "\(ctx.request.method) \(ctx.request.path)",
            metadata: [
                "status": "\(status.code)", "route": "\(ctx.routeName ?? "-")",
                "microseconds":
                    "\(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000)",
                "address": "\(ctx.client.address)",
            ])
    }
}
