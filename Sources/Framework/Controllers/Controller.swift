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
    /// None, for a controller that does not say otherwise.
    public var middleware: [any Middleware] { [] }
}

/// Where a declaration stands: `ExampleApp/ChatController.swift:12`.
public struct CodeLocation: Sendable, Hashable, CustomStringConvertible {
    /// The module and the file, as `#fileID` has them: `ExampleApp/ChatController.swift`.
    public let fileID: String
    /// The line in the file, from 1.
    public let line: Int

    /// A place that `#fileID` and `#line` name.
    public init(fileID: String, line: Int) {
        self.fileID = fileID
        self.line = line
    }

    /// The module of the declaration.
    public var module: String { String(fileID.prefix { $0 != "/" }) }
    /// File and line with a colon between, as editors and terminals link them.
    public var description: String { "\(fileID):\(line)" }
}

/// A controller as its source declares it.
public struct ControllerDescriptor: Sendable {
    /// The type's name less `Controller`: `Chat`.
    public let name: String
    /// The path before those of the actions.
    public let prefix: String
    /// The doc comment of the type; nil without one.
    public let documentation: String?
    /// Where the type stands, for error messages.
    public let location: CodeLocation
    /// What it needs from `app.services`.
    public let dependencies: [ControllerDependency]
    /// What `@Use` and `@Mark` say of the type, for all its actions.
    public let attributes: [RouteAttribute]
    /// The actions in the type itself; those in extensions under `@Actions` are found apart.
    public let actions: [ActionDescriptor]
    let make: @Sendable (ServiceResolver) throws -> any Controller

    /// Used by the code that `@Controller` writes.
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
    /// The name of the property, or of the initializer's parameter.
    public let name: String
    /// The type by which the service is looked up.
    public let type: Any.Type

    /// Used by the code that `@Controller` writes.
    public init(_ name: String, _ type: Any.Type) {
        self.name = name
        self.type = type
    }
}
