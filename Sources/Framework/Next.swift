/// What a middleware wraps: calling it passes the request on.
public struct Next: Sendable {
    @usableFromInline let place: Place

    /// A place in the chain of middleware, which is folded once, at start-up.
    @usableFromInline
    final class Place: Sendable {
        @usableFromInline
        enum Work: Sendable {
            // A function, since a value of any type would be copied for every call.
            case immediate(@Sendable (Context, Next) throws -> Answer)
            case waiting(any Middleware)
        }
        @usableFromInline let work: Work
        /// nil for the innermost.
        @usableFromInline let following: Place?

        init(_ middleware: any Middleware, following: Place?) {
            work =
                (middleware as? any ImmediateMiddleware).map { .immediate(Self.function(of: $0)) }
                ?? .waiting(middleware)
            self.following = following
        }

        private static func function(
            of middleware: some ImmediateMiddleware
        ) -> @Sendable (Context, Next) throws -> Answer {
            { try middleware.answer($0, next: $1) }
        }

        /// The innermost wraps nothing, and does not call what it is given.
        @inlinable var next: Next { Next(following ?? self) }
    }

    @usableFromInline
    init(_ place: Place) { self.place = place }

    /// Passes the request on, and waits for the response.
    ///
    /// - Throws: nothing that happened further in: there, an error has become a response.
    @inlinable
    public func callAsFunction(_ ctx: Context) async throws -> Response {
        // Inlined, so that there is no function of its own, with a frame and a question for its executor, between two
        // middlewares.
        switch place.work {
        case .immediate:
            return await answer(ctx).response
        case .waiting(let middleware):
            do {
                return try await middleware.respond(to: ctx, next: place.next)
            } catch {
                return ctx.response(for: error)
            }
        }
    }

    /// Passes the request on. The answer is there at once where nothing further in has to wait.
    public func answer(_ ctx: Context) -> Answer {
        switch place.work {
        case .immediate(let answer):
            do {
                return try answer(ctx, place.next)
            } catch {
                return .now(ctx.response(for: error))
            }
        case .waiting(let middleware):
            return .later(ctx) { [next = place.next] in try await middleware.respond(to: ctx, next: next) }
        }
    }

    /// Passes the request on, and changes the response when it is there.
    ///
    /// - Parameter change: runs at once where nothing further in has to wait. What it throws becomes the response.
    public func answer(
        _ ctx: Context, then change: @escaping @Sendable (inout Response) throws -> Void
    ) -> Answer {
        answer(ctx).map(ctx, change)
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
