/// Middleware that remembers something: each application has one of its own. What stands in an attribute is made once in a
/// process, and two hosts of one test run are not to count each other's requests.
package protocol InstancedMiddleware: Middleware {
    /// Tells it from others: where one value stands in two places of an app, both are the same.
    var identity: ObjectIdentifier { get }
    /// One that remembers nothing yet, by this clock.
    func instance(_ clock: any Clock<Duration>) -> any Middleware
}

/// Makes the middleware of one application.
final class MiddlewareFactory {
    private let services: ServiceResolver
    private let clock: any Clock<Duration>
    private var instances: [ObjectIdentifier: any Middleware] = [:]

    init(_ services: ServiceResolver, clock: any Clock<Duration>) {
        self.services = services
        self.clock = clock
    }

    /// - Throws: `StartupError` naming the middleware that cannot be made.
    func make(_ sources: [MiddlewareSource]) throws -> [any Middleware] {
        own(
            try sources.map { source in
                do {
                    return try source.make(services)
                } catch {
                    throw StartupError(making: "middleware \(source.name)", error)
                }
            })
    }

    /// This application's own in place of those that remember something.
    func own(_ middleware: [any Middleware]) -> [any Middleware] {
        middleware.map { middleware in
            guard let instanced = middleware as? any InstancedMiddleware else { return middleware }
            if let made = instances[instanced.identity] { return made }
            let made = instanced.instance(clock)
            instances[instanced.identity] = made
            return made
        }
    }
}
