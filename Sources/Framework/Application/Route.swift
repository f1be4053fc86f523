import HTTPTypes
import MartletRouting

/// A path and its verbs, bound to an action.
public final class Route: Sendable {
    // An object, because every request carries its route along.

    /// `Chat@send`
    public let name: String
    /// The request methods that take it.
    public let verbs: Verbs
    /// The template of the path, under the prefix of where the controller is mounted: `/chat/rooms/{room}`.
    public let path: String
    /// The method that answers, as its source declares it: its own path is the one that it has without a mount.
    public let action: ActionDescriptor
    /// What `@Use` and `@Mark` say: of the controller where it is mounted and declared, then of the action.
    public let attributes: [RouteAttribute]
    /// The values of `@Mark` in that order.
    public let marks: [any Sendable]
    /// Who may call it; nil for everyone.
    public let policy: AuthorizationPolicy?
    let template: PathTemplate
    let bodyUse: BodyUse
    /// The action, inside the middleware of the app and that of its controller.
    let chain: Next
    /// What answers preflights for it; nil where the app's middleware does.
    let preflight: Next?

    init(
        name: String, verbs: Verbs, path: String, action: ActionDescriptor, attributes: [RouteAttribute],
        policy: AuthorizationPolicy?, template: PathTemplate, bodyUse: BodyUse, chain: Next, preflight: Next?
    ) {
        self.name = name
        self.verbs = verbs
        self.path = path
        self.action = action
        self.attributes = attributes
        marks = attributes.marks
        self.policy = policy
        self.template = template
        self.bodyUse = bodyUse
        self.chain = chain
        self.preflight = preflight
    }

    /// The nearest mark of a type: the action's own, else its controller's.
    public func mark<Value>(_ type: Value.Type) -> Value? { marks.lazy.reversed().compactMap { $0 as? Value }.first }
}

/// The route that a request took, with the decoded `{name}` parts of its path in order.
struct MatchedRoute: Sendable {
    let route: Route
    let captures: [String]
}

/// The routes of one path, by method.
struct MethodTable: Sendable {
    private var routes: [(method: HTTPRequest.Method, route: Route)] = []
    private var anyMethod: Route?

    subscript(method: HTTPRequest.Method) -> Route? {
        for entry in routes where entry.method == method { return entry.route }
        if method == .head { return self[.get] }
        return anyMethod
    }

    /// - Throws: `StartupError` naming both actions where one stands there already.
    mutating func add(_ route: Route) throws(StartupError) {
        switch route.verbs {
        case .any:
            if let anyMethod { throw Self.conflict("ANY", anyMethod, route) }
            anyMethod = route
        case .only(let methods):
            for method in methods {
                if let other = routes.first(where: { $0.method == method })?.route {
                    throw Self.conflict(method.rawValue, other, route)
                }
                routes.append((method, route))
            }
        }
    }

    private static func conflict(_ verb: String, _ first: Route, _ second: Route) -> StartupError {
        StartupError(
            """
            \(verb) \(second.path) has two actions: \(first.name) (\(first.action.location)) and \
            \(second.name) (\(second.action.location)).
            """)
    }

    /// What `Allow` says of the path (RFC 9110 section 10.2.1).
    var allowed: [HTTPRequest.Method] {
        if anyMethod != nil { return [.get, .head, .post, .put, .patch, .delete, .options] }
        return routes.map(\.method) + (self[.get] == nil ? [] : [.head]) + (self[.options] == nil ? [.options] : [])
    }
}
