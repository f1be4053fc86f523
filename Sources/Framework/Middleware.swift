/// Something done around every request, or around every action of a controller.
///
/// What stands before `next(ctx)` runs before, what stands after it runs after; to abort, return or throw without
/// calling `next`. An application's middleware sees errors as the responses that they have become.
///
///     struct Timing: Middleware {
///         func respond(to ctx: Context, next: Next) async throws -> Response {
///             let start = ContinuousClock.now
///             var response = try await next(ctx)
///             response.headers[.serverTiming] = "app;dur=\(start.duration(to: .now).milliseconds)"
///             return response
///         }
///     }
public protocol Middleware: Sendable {
    func respond(to ctx: Context, next: Next) async throws -> Response
}

/// Middleware to which time matters: it is given the application's clock at start-up.
package protocol TimedMiddleware: Middleware {
    func follow(_ clock: any Clock<Duration>)
}
