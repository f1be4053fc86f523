/// The answer to a request: made there and then, or on its way. Whatever went wrong has become a response.
public enum Answer: Sendable {
    /// The response is there, and needs no task.
    case now(Response)
    /// Makes the response when it is waited for.
    case later(@Sendable () async -> Response)

    /// An answer that has to be waited for.
    ///
    /// - Parameter make: makes the response; what it throws becomes one.
    public static func later(_ ctx: Context, _ make: @escaping @Sendable () async throws -> Response) -> Answer {
        .later {
            do {
                return try await make()
            } catch {
                return ctx.response(for: error)
            }
        }
    }

    /// Waits for it where that has to be.
    public var response: Response {
        get async {
            switch self {
            case .now(let response): response
            case .later(let make): await make()
            }
        }
    }

    /// Changes the response when it is there.
    ///
    /// - Parameter change: what it throws becomes the response.
    // It gives away what it has, so that the header fields are nobody else's when they are changed, and are not copied.
    package consuming func map(
        _ ctx: Context, _ change: @escaping @Sendable (inout Response) throws -> Void
    ) -> Answer {
        switch consume self {
        case .now(var response):
            response.change(ctx, change)
            return .now(response)
        case .later(let make):
            return .later {
                var response = await make()
                response.change(ctx, change)
                return response
            }
        }
    }

    /// Goes on from the response when it is there, with what may have to wait itself.
    ///
    /// - Parameter next: what it throws becomes the response.
    public func flatMap(_ ctx: Context, _ next: @escaping @Sendable (Response) throws -> Answer) -> Answer {
        switch self {
        case .now(let response):
            return response.following(ctx, next)
        case .later(let make):
            return .later { await (await make()).following(ctx, next).response }
        }
    }

    /// Closes the scoped services that were made on the way to it.
    ///
    /// - Parameter isLast: true where none can be made any more.
    func closingScope(of ctx: Context, isLast: Bool) -> Answer {
        if case .now = self, ctx.endScope(isLast: isLast) == nil { return self }
        return .later {
            let response = await self.response
            await ctx.endScope(isLast: isLast)?.close(isLast: isLast)
            return response
        }
    }
}

extension Response {
    fileprivate mutating func change(_ ctx: Context, _ change: (inout Response) throws -> Void) {
        do {
            try change(&self)
        } catch {
            self = ctx.response(for: error)
        }
    }

    fileprivate func following(_ ctx: Context, _ next: (Response) throws -> Answer) -> Answer {
        do {
            return try next(self)
        } catch {
            return .now(ctx.response(for: error))
        }
    }
}
