/// What a middleware wraps: calling it passes the request on.
public struct Next: Sendable {
    @usableFromInline let place: Place

    /// A place in the chain of middleware, which is folded once, at start-up.
    @usableFromInline
    final class Place: Sendable {
        @usableFromInline let middleware: any Middleware
        /// nil for the innermost.
        @usableFromInline let following: Place?

        init(_ middleware: any Middleware, following: Place?) {
            self.middleware = middleware
            self.following = following
        }
    }

    @usableFromInline
    init(_ place: Place) { self.place = place }

    // Inlined, so that there is no function of its own, with a frame and a question for its executor, between two
    // middlewares.
    @inlinable
    public func callAsFunction(_ ctx: Context) async throws -> Response {
        // The innermost wraps nothing, and does not call what it is given.
        try await place.middleware.respond(to: ctx, next: Next(place.following ?? place))
    }
}

extension Sequence where Element == any Middleware {
    /// Folds the chain, the first outermost.
    ///
    /// - Parameter innermost: answers the request.
    func wrapped(around innermost: some Middleware) -> Next {
        var place = Next.Place(innermost, following: nil)
        for middleware in reversed() { place = Next.Place(middleware, following: place) }
        return Next(place)
    }
}
