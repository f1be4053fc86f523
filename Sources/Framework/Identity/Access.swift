/// What `@Authorize`, `@AllowAnonymous` and the app's fallback together say of a route.
struct Access: Sendable {
    /// nil where everyone may come.
    let policy: AuthorizationPolicy?

    /// - Parameters:
    ///   - mount: what the app says where it mounts the controller, which always counts.
    ///   - controller: the attributes of the controller.
    ///   - action: those of the action.
    ///   - fallback: for what says nothing.
    init(
        mount: [RouteAttribute], controller: [RouteAttribute], action: [RouteAttribute], fallback: AuthorizationPolicy?
    ) {
        var policies = mount.policies
        if !action.allowsAnonymous {
            // What is open as a whole may have actions that are not.
            if !controller.allowsAnonymous { policies += controller.policies }
            policies += action.policies
            if policies.isEmpty, !controller.allowsAnonymous, let fallback { policies = [fallback] }
        }
        let policy = policies.isEmpty ? nil : AuthorizationPolicy.all(policies)
        // It lets pass whatever comes.
        self.policy = policy?.description == AuthorizationPolicy.everyone.description ? nil : policy
    }
}

extension [RouteAttribute] {
    fileprivate var allowsAnonymous: Bool { contains { if case .everyone = $0.value { true } else { false } } }
    fileprivate var policies: [AuthorizationPolicy] {
        compactMap { if case .policy(let policy) = $0.value { policy } else { nil } }
    }
}

/// What an app says of who may do what.
public struct AuthorizationSettings: Sendable {
    /// Whom actions are for that say nothing themselves; nil for everyone. With `.authenticated` nothing is open that does not
    /// say `@AllowAnonymous`.
    public var fallback: AuthorizationPolicy?
}

/// Middleware that finds out who asks; what needs a user needs one before it.
package protocol AuthenticatingMiddleware: Middleware {}

extension StartupError {
    /// Something asks for a user, and nothing finds out who it is.
    static func noAuthentication(_ route: String, asksFor what: String) -> StartupError {
        StartupError(
            """
            \(route) is for \(what), but nothing finds out who asks: add app.use(Authentication(…)) to the app's configure, \
            with the schemes that it takes.
            """)
    }
}
