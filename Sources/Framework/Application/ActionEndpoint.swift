/// The innermost of a route: reads the body, runs the action, and completes what it returned.
struct ActionEndpoint: ImmediateMiddleware {
    let handler: ActionHandler
    let bodyUse: BodyUse
    /// What is made of the request before the action's other arguments are read.
    let preparations: [@Sendable (Context) async throws -> Void]
    /// What rules have to ask before the action runs; nil for nothing.
    let inquiry: RuleInquiry?

    func answer(_ ctx: Context, next: Next) -> Answer { result(ctx).closingScope(of: ctx, isLast: false) }

    /// There and then where the action is synchronous and all that it needs is there.
    private func result(_ ctx: Context) -> Answer {
        do {
            guard case .synchronous(let action) = handler, preparations.isEmpty, inquiry == nil,
                try hasBody(ctx.request)
            else {
                return .later(ctx) { try await respond(ctx) }
            }
            let response = try action(ctx)
            if response.body.isUnfinished { return .later(ctx) { try await ctx.complete(response) } }
            return .now(try ctx.applied(to: response))
        } catch {
            return .now(ctx.response(for: error))
        }
    }

    private func respond(_ ctx: Context) async throws -> Response {
        // First, so that who may not do this sends no body for it.
        for prepare in preparations { try await prepare(ctx) }
        if bodyUse.reads(ctx.request.method) {
            try BodyFormat.check(ctx.request)
            _ = try await ctx.request.body.collect()
        }
        try await inquiry?.ask(ctx)
        let response =
            switch handler {
            case .synchronous(let action): try action(ctx)
            case .asynchronous(let action): try await action(ctx)
            }
        return try await ctx.complete(response)
    }

    /// True where binding need not wait for the body.
    private func hasBody(_ request: Request) throws -> Bool {
        guard bodyUse.reads(request.method) else { return true }
        return try request.body.collected() != nil
    }
}

extension Context {
    /// Waits for what is yet to be made, lets a stream in, and adds to an action's result what it left in the context.
    fileprivate func complete(_ result: Response) async throws -> Response {
        var response = result
        while case .deferred(let make) = response.body { response = try await make(self) }
        guard case .events(let stream) = response.body, stream.admission == nil else {
            return try applied(to: response)
        }
        return try applied(to: await sse.admit(response, stream, self))
    }
}
