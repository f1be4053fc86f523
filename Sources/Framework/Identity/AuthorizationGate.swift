/// Lets requests pass that a policy allows: between the app's middleware and the controller's.
struct AuthorizationGate: ImmediateMiddleware {
    let policy: AuthorizationPolicy

    func answer(_ ctx: Context, next: Next) throws -> Answer {
        switch policy.rule {
        case .immediate(let isMet):
            try policy.decide(ctx.user) { try isMet($0, ctx) }
            return next.answer(ctx)
        case .waiting:
            return .later(ctx) {
                try await ctx.authorize(policy)
                return try await next(ctx)
            }
        }
    }
}

extension AuthorizationPolicy {
    /// - Throws: `HTTPError` 401 for nobody, 403 for somebody else.
    fileprivate func decide(_ user: User?, _ isMet: (User?) throws -> Bool) throws {
        // What a policy makes of nobody is not asked where it cannot let nobody in.
        guard user != nil || allowsAnonymous else { throw HTTPError.notSignedIn }
        if try isMet(user) { return }
        throw user == nil ? HTTPError.notSignedIn : HTTPError.notAllowed
    }
}

extension Context {
    /// Goes on where a policy allows it to the user of the request: for what only the action can know.
    ///
    ///     try await ctx.authorize(.may(edit: article))
    ///
    /// - Throws: `HTTPError` 401 for nobody, 403 for somebody else; what the policy throws.
    public func authorize(_ policy: AuthorizationPolicy) async throws {
        let isMet = (user != nil || policy.allowsAnonymous) ? try await policy.rule.isMet(by: user, self) : false
        try policy.decide(user) { _ in isMet }
    }
}
