/// What `@Use`, `@Mark`, `@Authorize` or `@AllowAnonymous` says of an action or of its controller, as it stands in the source.
public struct RouteAttribute: Sendable, CustomStringConvertible {
    enum Value: Sendable {
        case middleware(MiddlewareSource)
        case mark(any Sendable)
        case policy(AuthorizationPolicy)
        case everyone
    }
    let value: Value
    /// `@Mark(Audited("orders"))`
    public let description: String

    private init(_ value: Value, _ description: String) {
        self.value = value
        self.description = description
    }

    /// Used by the code that `@Controller` writes.
    public static func use(_ middleware: some Middleware, _ source: String) -> RouteAttribute {
        RouteAttribute(.middleware(MiddlewareSource(middleware)), source)
    }

    /// Used by the code that `@Controller` writes.
    public static func use(_ type: (some Middleware & Injectable).Type, _ source: String) -> RouteAttribute {
        RouteAttribute(.middleware(MiddlewareSource(type)), source)
    }

    /// Used by the code that `@Controller` writes.
    public static func mark(_ value: some Sendable, _ source: String) -> RouteAttribute {
        RouteAttribute(.mark(value), source)
    }

    /// Used by the code that `@Controller` writes.
    public static func authenticated(source: String) -> RouteAttribute {
        authorize(policy: .authenticated, source: source)
    }

    /// Used by the code that `@Controller` writes.
    public static func authorize(roles: String..., source: String) -> RouteAttribute {
        authorize(policy: .roles(roles), source: source)
    }

    /// Used by the code that `@Controller` writes.
    public static func authorize(policy: AuthorizationPolicy, source: String) -> RouteAttribute {
        RouteAttribute(.policy(policy), source)
    }

    /// Used by the code that `@Controller` writes.
    public static func allowAnonymous(source: String) -> RouteAttribute { RouteAttribute(.everyone, source) }
}

extension RouteAttribute {
    /// False for what the route's policy says.
    var isListed: Bool {
        switch value {
        case .middleware, .mark: true
        case .policy, .everyone: false
        }
    }
}

extension Sequence where Element == RouteAttribute {
    var middleware: [MiddlewareSource] {
        compactMap { if case .middleware(let source) = $0.value { source } else { nil } }
    }

    var marks: [any Sendable] { compactMap { if case .mark(let value) = $0.value { value } else { nil } } }
}
