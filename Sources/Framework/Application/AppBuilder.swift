import HTTPTypes
import Logging

/// An application: a type with a `configure` function, which `@main` can stand on.
public protocol App: Sendable {
    init()
    /// Registers services and middleware. Controllers need no registering.
    func configure(_ app: inout AppBuilder) throws
}

/// What an application is made of, until it starts.
public struct AppBuilder: Sendable {
    public var services = ServiceContainer()
    public var limits = Limits()
    /// How events are kept, allowed and delivered.
    public var events = EventSettings()
    /// What clients are told when something is wrong with a request, by language.
    public var messages = Messages()
    public var logger = Logger(label: "martlet")
    /// True where errors are shown in detail: `MARTLET_ENV=development`.
    public var isDevelopment = false
    private(set) var middleware: [any Middleware] = []
    private(set) var controllerTypes: [any Controller.Type]
    /// What is done beside the requests, in order.
    var lifeCycle: [LifeCycle.Step] = []
    private(set) var namedRoutes: [(verbs: Verbs, path: String, target: String)] = []

    /// - Parameter module: the app's module, which decides whether controllers of test modules are found.
    init(module: String) { controllerTypes = Discovery.controllers(forAppIn: module) }

    /// Wraps every request in these, the first outermost, inside those that were there before.
    public mutating func use(_ middleware: any Middleware...) { self.middleware += middleware }

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
