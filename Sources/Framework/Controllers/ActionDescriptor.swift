import HTTPTypes

/// Runs an action for one request. Used by the code that `@Controller` writes.
public enum ActionHandler: Sendable {
    /// There and then, on the event loop of the connection: no task is made for it.
    case synchronous(@Sendable (Context) throws -> Response)
    /// In a task, since it may have to wait.
    case asynchronous(@Sendable (Context) async throws -> Response)
}

/// An action as its source declares it.
public struct ActionDescriptor: Sendable {
    /// The method's name: `sendToUser`.
    public let name: String
    /// The request methods that its attribute names, or its name implies.
    public let verbs: Verbs
    /// The complete path: `/chat/rooms/{room}`.
    public let path: String
    /// The doc comment of the method; nil without one.
    public let documentation: String?
    /// Where the method stands, for error messages and the table of routes.
    public let location: CodeLocation
    /// The most bytes of a body that it takes, nil for the application's limit.
    public let maxBodyBytes: Int?
    /// True where it runs on the thread pool.
    public let blocking: Bool
    /// What `@Use` and `@Mark` say of it.
    public let attributes: [RouteAttribute]
    /// What the action is called with, in the order of the source.
    public let parameters: [ActionParameter]
    /// The type of what it returns, nil where the source does not name one.
    public let result: Any.Type?
    let bind: @Sendable (any Controller, inout ActionBinder) throws -> ActionHandler

    /// Used by the code that `@Controller` writes.
    public init<C: Controller>(
        name: String, verbs: Verbs, path: String, documentation: String?, location: CodeLocation,
        maxBodyBytes: Int?, blocking: Bool, attributes: [RouteAttribute], parameters: [ActionParameter],
        result: Any.Type?,
        bind: @escaping @Sendable (C, inout ActionBinder) throws -> ActionHandler
    ) {
        self.name = name
        self.verbs = verbs
        self.path = path
        self.documentation = documentation
        self.location = location
        self.maxBodyBytes = maxBodyBytes
        self.blocking = blocking
        self.attributes = attributes
        self.parameters = parameters
        self.result = result
        self.bind = { controller, binder in
            guard let controller = controller as? C else {
                throw StartupError("The action at \(location) was bound to a \(type(of: controller)).")
            }
            return try bind(controller, &binder)
        }
    }
}

/// The request methods that a route answers.
public enum Verbs: Sendable, Hashable, CustomStringConvertible {
    /// Every method for which the path has no other action.
    case any
    /// These methods; GET brings HEAD along, where the path has no action for that.
    case only([HTTPRequest.Method])

    /// As the table of routes prints it: `GET, POST`, or `ANY`.
    public var description: String {
        switch self {
        case .any: "ANY"
        case .only(let methods): methods.map(\.rawValue).joined(separator: ", ")
        }
    }

    /// True where a request may have its fields in the body.
    var canHaveFormBody: Bool {
        switch self {
        case .any: true
        case .only(let methods): methods.contains(where: \.carriesFields)
        }
    }
}

/// A parameter of an action as its source declares it.
public struct ActionParameter: Sendable {
    /// The name on the wire, in the source's spelling; snake_case and kebab-case of it match as well.
    public let name: String
    /// The type as the source declares it.
    public let type: Any.Type
    /// Where its attribute says that it comes from; `automatic` without one.
    public let source: ParameterSource
    /// The default as it is written in the source.
    public let defaultValue: String?

    /// Used by the code that `@Controller` writes.
    public init(
        _ name: String, _ type: Any.Type, source: ParameterSource = .automatic, defaultValue: String? = nil
    ) {
        self.name = name
        self.type = type
        self.source = source
        self.defaultValue = defaultValue
    }
}
