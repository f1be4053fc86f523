/// Gives services by type: to controllers at start-up, to actions in their request.
public struct ServiceResolver: Sendable {
    let registry: ServiceRegistry
    /// The scope of a request; nil at start-up, where scoped services cannot be had.
    let scope: ServiceScope?
    /// The request that it is for.
    let context: Context?
    /// Who asks, for the error.
    var owner: CodeLocation?
    /// The services that are being made on the way here, each for the one before it.
    private var underway: [ObjectIdentifier] = []

    init(
        registry: ServiceRegistry, scope: ServiceScope?, context: Context? = nil, owner: CodeLocation? = nil
    ) {
        self.registry = registry
        self.scope = scope
        self.context = context
        self.owner = owner
    }

    /// Gives the service of a type, which the compiler may infer: `Auth(users: try services.resolve())`.
    ///
    /// - Throws: `StartupError` naming who asks, the property and the type, when nothing provides it; while a request runs,
    ///   a `ServiceError` that says the same.
    public func resolve<Service>(_ type: Service.Type = Service.self, _ property: String? = nil) throws -> Service {
        let key = ObjectIdentifier(type)
        guard !underway.contains(key) else {
            throw failure("The service \(type) needs itself, by way of the services that it is made from.")
        }
        let found: (any Sendable)? =
            switch registry.providers[key] {
            case .instance(let service): service
            case .singleton(let make):
                try registry.singleton(key) {
                    try make(withoutScope().making(key))
                }
            case .scoped(let make): try scope?.service(key, of: type) { try make(making(key)) }
            case nil: nil
            }
        if let service = found as? Service { return service }
        let place = owner.map { " of \($0)" } ?? ""
        let name = property.map { "The property '\($0)'\(place) needs" } ?? "Something\(place) needs"
        if case .scoped? = registry.providers[key] {
            throw failure(
                "\(name) a \(type), which is scoped to a request: take it as a parameter of the action instead.")
        }
        throw failure("\(name) a \(type), but app.services has none: add it with app.services.add(…).")
    }

    private func failure(_ text: String) -> any Error { scope == nil ? StartupError(text) : ServiceError(text) }

    /// The same, with the type that is made of it for errors. Used by the code that `@Injectable` writes.
    ///
    /// - Parameter owner: where the type is declared.
    public func owned(by owner: CodeLocation) -> ServiceResolver {
        var resolver = self
        resolver.owner = owner
        return resolver
    }

    /// What a singleton is given: it outlives every request.
    private func withoutScope() -> ServiceResolver {
        var resolver = ServiceResolver(registry: registry, scope: nil)
        resolver.underway = underway
        return resolver
    }

    /// What a service is given that is made here.
    func making(_ key: ObjectIdentifier) -> ServiceResolver {
        var resolver = self
        resolver.underway.append(key)
        return resolver
    }
}
