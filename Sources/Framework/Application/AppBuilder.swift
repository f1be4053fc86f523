import HTTPTypes
import Logging

/// An application: a type with a `configure` function, which `@main` can stand on.
public protocol App: Sendable {
    /// Makes the app for `@main`; a test makes its own.
    init()
    /// Registers services and middleware. Controllers need no registering.
    func configure(_ app: inout AppBuilder) throws
}

/// What an application is made of, until it starts.
public struct AppBuilder: Sendable {
    /// What controllers, middleware and background work are made from.
    public var services = ServiceContainer()
    /// How much a client may send, open and hold up, and how long a shutdown takes.
    public var limits = Limits()
    /// How events are kept, allowed and delivered.
    public var events = EventSettings()
    /// How JSON is read and written.
    public var json = JSONSettings()
    /// What clients are told when something is wrong with a request, by language.
    public var messages = Messages()
    /// Who may do what, where nothing is said of an action.
    public var authorization = AuthorizationSettings()
    /// Where the application logs. The logger of a request is made from it, with the request's id.
    public var logger = Logger(label: "martlet")
    /// True where errors are shown in detail: `MARTLET_ENV=development`.
    public var isDevelopment = false
    private(set) var middleware: [MiddlewareSource] = []
    private(set) var controllerTypes: [any Controller.Type]
    private(set) var mounts: [Mount] = []
    private(set) var errorHandlers: [ErrorHandler] = []
    /// What is done beside the requests, in order.
    var lifeCycle: [LifeCycle.Step] = []
    private(set) var rewrites: [Rewrite] = []
    /// What tells the client from the proxies before it; nil where every peer is a client.
    package var peerResolver: (any PeerResolver)?
    private(set) var namedRoutes: [(verbs: Verbs, path: String, target: String)] = []

    /// - Parameter module: the app's module, which decides whether controllers of test modules are found.
    init(module: String) { controllerTypes = Discovery.controllers(forAppIn: module) }

    /// Wraps every request in these, the first outermost, inside those that were there before.
    public mutating func use(_ middleware: any Middleware...) {
        self.middleware += middleware.map { MiddlewareSource($0) }
    }

    /// The same for middleware that is made at start-up from the services that its properties need: `app.use(Auth.self)`.
    public mutating func use(_ types: any (Middleware & Injectable).Type...) {
        middleware += types.map { MiddlewareSource($0) }
    }

    /// The same for middleware that is made at start-up, when the services exist.
    ///
    ///     app.use { services in Auth(users: try services.resolve()) }
    ///
    /// - Parameter make: what it throws ends the start.
    public mutating func use(
        fileID: String = #fileID, line: Int = #line,
        _ make: @escaping @Sendable (ServiceResolver) throws -> any Middleware
    ) {
        middleware.append(MiddlewareSource(at: CodeLocation(fileID: fileID, line: line), make))
    }

    /// Routes a controller that is here already, under a path of the app's choice.
    ///
    ///     app.mount(EventsAdmin { ctx in ctx.session["role"] == "admin" }, at: "/operators/events", use: [Audit()])
    ///
    /// It is not routed where it was found then, if it was.
    /// - Parameters:
    ///   - prefix: in place of the controller's own; nil for that. Paths of actions that are not under the controller's
    ///     prefix stay where they are.
    ///   - policy: who may call its actions, whatever these say themselves.
    ///   - use: middleware around its actions, inside the app's and outside the controller's own.
    ///   - marks: values that the routes carry before the controller's own.
    /// - Returns: the links to its actions there.
    @discardableResult
    public mutating func mount<C: Controller>(
        _ controller: C, at prefix: String? = nil, authorize policy: AuthorizationPolicy? = nil,
        use: [any Middleware] = [], marks: [any Sendable] = []
    ) -> C.Links {
        let mount = Mount(C.self, controller, at: prefix, policy, use, marks)
        mounts.append(mount)
        return C.Links(at: mount.place)
    }

    /// Routes a controller that is made from the app's services, under a path of the app's choice.
    ///
    /// It is not routed where it was found then.
    /// - Parameters:
    ///   - prefix: in place of the controller's own. Paths of actions that are not under the controller's prefix stay where
    ///     they are.
    ///   - policy: who may call its actions, whatever these say themselves.
    ///   - use: middleware around its actions, inside the app's and outside the controller's own.
    ///   - marks: values that the routes carry before the controller's own.
    /// - Returns: the links to its actions there.
    @discardableResult
    public mutating func mount<C: Controller>(
        _ type: C.Type, at prefix: String, authorize policy: AuthorizationPolicy? = nil,
        use: [any Middleware] = [], marks: [any Sendable] = []
    ) -> C.Links {
        let mount = Mount(type, nil, at: prefix, policy, use, marks)
        mounts.append(mount)
        return C.Links(at: mount.place)
    }

    /// Sends requests elsewhere than where they were sent: before they are routed, and so before all middleware, which knows
    /// the route.
    ///
    ///     app.rewrite { request in request.path.hasPrefix("/old/") ? "/new/\(request.target.dropFirst(5))" : nil }
    ///
    /// Of several each is given what the one before it has made.
    /// - Parameter rewrite: the new target, a path and perhaps a query, percent-encoded; nil for a request that is left as it
    ///   is. A target that does not begin with a slash has no route.
    public mutating func rewrite(_ rewrite: @escaping @Sendable (_ request: Request) -> String?) {
        rewrites.append(rewrite)
    }

    /// Decides what an error looks like to the client, wherever it came from: thrown by an action or a middleware, found while
    /// binding, or a 404 or 405 where there is no route.
    ///
    ///     app.errors { error, ctx in
    ///         guard let error = error as? HTTPError, error.status == .notFound else { return nil }
    ///         return HTML("<h1>Nothing here</h1>")
    ///     }
    ///
    /// Of several the first that answers decides. Where none does, a browser gets a small page, and every other client
    /// `application/problem+json`. What is no `HTTPError` has been logged before this is asked.
    /// - Parameter handler: nil for what is left as it is. A `Response` is sent as it is; any other result gets the error's
    ///   status. The error's header fields are added where the result has none of the name. What it throws is logged, and the
    ///   error looks as if it were not there.
    public mutating func errors(
        _ handler: @escaping @Sendable (_ error: any Error, _ ctx: Context) throws -> (any ResponseConvertible)?
    ) { errorHandlers.append(handler) }

    /// Routes these controllers only, in place of all that were found.
    public mutating func controllers(_ types: any Controller.Type...) { controllerTypes = types }

    package mutating func controllers(_ types: [any Controller.Type]) { controllerTypes = types }

    /// Adds a route to an action by its name.
    ///
    /// - Parameter target: the controller's name and the method's: `Chat@stream`. A name that does not exist ends the start-up.
    public mutating func route(_ method: HTTPRequest.Method, _ path: String, to target: String) {
        namedRoutes.append((.only([method]), path, target))
    }
}

/// What an app has an error look like.
typealias ErrorHandler = @Sendable (any Error, Context) throws -> (any ResponseConvertible)?

/// Where an app sends a request; nil for where it goes anyway.
typealias Rewrite = @Sendable (Request) -> String?
