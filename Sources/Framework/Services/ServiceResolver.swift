/// Gives services by type: to controllers at start-up, to actions in their request.
public struct ServiceResolver: Sendable {
    let registry: ServiceRegistry
    /// The scope of a request; nil at start-up, where scoped services cannot be had.
    let scope: ServiceScope?
    /// Who asks, for the error.
    var owner: SourceLocation?

    /// - Throws: `StartupError` naming who asks, the property and the type, when nothing provides it.
    public func resolve<Service>(_ type: Service.Type, _ property: String? = nil) throws -> Service {
        let found: (any Sendable)? =
            switch registry.providers[ObjectIdentifier(type)] {
            case .instance(let service): service
            case .singleton(let make): try registry.singleton(ObjectIdentifier(type), of: type, make)
            case .scoped(let make): try scope?.service(ObjectIdentifier(type)) { try make(self) }
            case nil: nil
            }
        if let service = found as? Service { return service }
        let place = owner.map { " of \($0)" } ?? ""
        let name = property.map { "The property '\($0)'\(place) needs" } ?? "Something\(place) needs"
        if case .scoped? = registry.providers[ObjectIdentifier(type)] {
            throw StartupError(
                "\(name) a \(type), which is scoped to a request: take it as a parameter of the action instead.")
        }
        throw StartupError("\(name) a \(type), but app.services has none: add it with app.services.add(…).")
    }

    func owned(by owner: SourceLocation) -> ServiceResolver {
        ServiceResolver(registry: registry, scope: scope, owner: owner)
    }
}
