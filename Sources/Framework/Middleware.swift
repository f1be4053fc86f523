/// Something done around every request, or around every action of a controller.
///
/// What stands before `next(ctx)` runs before, what stands after it runs after; to abort, return or throw without
/// calling `next`. Every middleware sees a response, whoever threw inside it: an error becomes one where it leaves an
/// action or a middleware.
///
///     struct Timing: Middleware {
///         func respond(to ctx: Context, next: Next) async throws -> Response {
///             let start = ContinuousClock.now
///             var response = try await next(ctx)
///             response.headers[.serverTiming] = "app;dur=\(start.duration(to: .now).milliseconds)"
///             return response
///         }
///     }
///
/// A middleware that never waits, or seldom, is better an ``ImmediateMiddleware``.
public protocol Middleware: Sendable {
    /// Answers the request: with what `next` makes of it, or otherwise.
    ///
    /// - Throws: what becomes a response here, before the next middleware further out sees it.
    func respond(to ctx: Context, next: Next) async throws -> Response
}

/// Middleware that need not wait. A request that passes only such ones, to an action that need not wait either, is answered
/// without a task, on one call stack.
///
///     struct Timing: ImmediateMiddleware {
///         func answer(_ ctx: Context, next: Next) -> Answer {
///             let start = ContinuousClock.now
///             return next.answer(ctx) { response in
///                 response.headers[.serverTiming] = "app;dur=\(start.duration(to: .now).milliseconds)"
///             }
///         }
///     }
///
/// To abort, return `.now(response)` or throw; where it has to wait after all, return `.later(ctx) { … }`.
public protocol ImmediateMiddleware: Middleware {
    /// Answers the request without waiting, or says what there is to wait for.
    ///
    /// - Throws: what becomes a response here, before the next middleware further out sees it.
    func answer(_ ctx: Context, next: Next) throws -> Answer
}

extension ImmediateMiddleware {
    /// Waits for what `answer` gives.
    public func respond(to ctx: Context, next: Next) async throws -> Response {
        try await answer(ctx, next: next).response
    }
}

/// Middleware to which time matters: it is given the application's clocks at start-up.
package protocol TimedMiddleware: Middleware {
    /// - Parameters:
    ///   - clock: what durations are measured with.
    ///   - wall: what dates are compared with.
    func follow(_ clock: any Clock<Duration>, wall: WallClock)
}

/// Middleware that tells the streams of something: it is given them at start-up.
package protocol StreamingMiddleware: Middleware {
    func follow(_ events: EventHub)
}
