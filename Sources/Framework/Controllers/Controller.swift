/// A type whose methods are actions. Conform by attaching `@Controller`.
public protocol Controller: Sendable {
    /// The links to its actions.
    associatedtype Links: ControllerLinks = NoLinks
    /// What the macro found in the type.
    static var controllerDescriptor: ControllerDescriptor { get }
    /// Wraps every action of the controller, the first outermost; none by default.
    var middleware: [any Middleware] { get }
}

extension Controller {
    public var middleware: [any Middleware] { [] }
}

/// Where a declaration stands: `ExampleApp/ChatController.swift:12`.
public struct CodeLocation: Sendable, Hashable, CustomStringConvertible {
    public let fileID: String
    public let line: Int

    public init(fileID: String, line: Int) {
        self.fileID = fileID
        self.line = line
    }

    /// The module of the declaration.
    public var module: String { String(fileID.prefix { $0 != "/" }) }
    public var description: String { "\(fileID):\(line)" }
}

/// A controller as its source declares it.
public struct ControllerDescriptor: Sendable {
    /// The type's name less `Controller`: `Chat`.
    public let name: String
    /// The path before those of the actions.
    public let prefix: String
    public let documentation: String?
    public let location: CodeLocation
    /// What it needs from `app.services`.
    public let dependencies: [ControllerDependency]
    /// What `@Use` and `@Mark` say of the type, for all its actions.
    public let attributes: [RouteAttribute]
    public let actions: [ActionDescriptor]
    let make: @Sendable (ServiceResolver) throws -> any Controller

    public init(
        name: String, prefix: String, documentation: String?, location: CodeLocation,
        dependencies: [ControllerDependency], attributes: [RouteAttribute],
        make: @escaping @Sendable (ServiceResolver) throws -> any Controller, actions: [ActionDescriptor]
    ) {
        self.name = name
        self.prefix = prefix
        self.documentation = documentation
        self.location = location
        self.dependencies = dependencies
        self.attributes = attributes
        self.make = make
        self.actions = actions
    }
}

/// A stored property of a controller that a service fills.
public struct ControllerDependency: Sendable {
    public let name: String
    public let type: Any.Type

    public init(_ name: String, _ type: Any.Type) {
        self.name = name
        self.type = type
    }
}
