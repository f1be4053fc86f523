/// A middleware, or how it is made when the services exist.
struct MiddlewareSource: Sendable {
    let name: String
    let make: @Sendable (ServiceResolver) throws -> any Middleware

    init(_ middleware: any Middleware) {
        name = "\(type(of: middleware))"
        make = { _ in middleware }
    }

    init(_ type: any (Middleware & Injectable).Type) {
        name = "\(type)"
        make = { try type.make(from: $0) }
    }

    /// - Parameter location: where it was registered.
    init(at location: CodeLocation, _ make: @escaping @Sendable (ServiceResolver) throws -> any Middleware) {
        name = "at \(location)"
        self.make = { try make($0.owned(by: location)) }
    }
}
