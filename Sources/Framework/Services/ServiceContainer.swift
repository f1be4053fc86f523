/// What an app registers by type, for controllers and actions to be given: `app.services.add(ChatRooms())`.
public struct ServiceContainer: Sendable {
    enum Provider: Sendable {
        case instance(any Sendable)
        case singleton(@Sendable (ServiceResolver) throws -> any Sendable)
        case scoped(@Sendable (ServiceResolver) throws -> any Sendable)
    }
    private(set) var providers: [ObjectIdentifier: Provider] = [:]
    /// The types of the singletons, for errors.
    private(set) var names: [ObjectIdentifier: String] = [:]

    init() {}

    /// A service that exists. Where `type` is given, such as `(any Mailer).self`, it is found by that type.
    public mutating func add<Service: Sendable>(_ service: Service, as type: Service.Type = Service.self) {
        providers[ObjectIdentifier(type)] = .instance(service)
    }

    /// A service that is made once, when it is first needed at start-up, from other services.
    public mutating func singleton<Service: Sendable>(
        _ type: Service.Type = Service.self, make: @escaping @Sendable (ServiceResolver) throws -> Service
    ) {
        providers[ObjectIdentifier(type)] = .singleton(make)
        names[ObjectIdentifier(type)] = "\(type)"
    }

    /// A service that is made once for each request that asks for it, and closed when the action has returned.
    ///
    /// An action takes it as a parameter; a controller, which is made once, cannot hold it.
    public mutating func scoped<Service: Sendable>(
        _ type: Service.Type = Service.self, make: @escaping @Sendable (ServiceResolver) throws -> Service
    ) { providers[ObjectIdentifier(type)] = .scoped(make) }

    /// The same, made from the request as well.
    ///
    ///     app.services.scoped(Tenant.self) { services, ctx in try Tenant(host: ctx.request.authority) }
    public mutating func scoped<Service: Sendable>(
        _ type: Service.Type = Service.self, make: @escaping @Sendable (ServiceResolver, Context) throws -> Service
    ) {
        scoped(type) { services in
            guard let context = services.context else { throw ServiceError("A \(type) is scoped to a request.") }
            return try make(services, context)
        }
    }

    /// A service that is made once, at start-up, from the services that its properties need.
    public mutating func singleton<Service: Injectable>(_ type: Service.Type) {
        singleton(type) { try type.make(from: $0) }
    }

    /// A service that is made for each request that asks for it, from the services that its properties need.
    public mutating func scoped<Service: Injectable>(_ type: Service.Type) {
        scoped(type) { try type.make(from: $0) }
    }

    /// The same for a type that is only known when the program runs; the service must be of it.
    package mutating func add(_ service: any Sendable, under type: Any.Type) {
        providers[ObjectIdentifier(type)] = .instance(service)
    }

    func contains(_ type: Any.Type) -> Bool { providers[ObjectIdentifier(type)] != nil }
}
