import MartletCore

extension ServiceContainer {
    /// Adds services under their own types, and under those by which the controllers ask for them.
    mutating func add(_ services: [any Sendable], for controllers: [any Controller.Type]) {
        for service in services { add(service, under: type(of: service)) }
        for dependency in controllers.flatMap({ $0.controllerDescriptor.dependencies }) {
            guard !services.contains(where: { type(of: $0) == dependency.type }),
                let service = services.first(where: { canBe(dependency.type, $0) })
            else { continue }
            add(service, under: dependency.type)
        }
    }
}

/// True where the value can be taken for one of that type, such as `any Mailer`.
private func canBe(_ type: Any.Type, _ value: Any) -> Bool {
    func isOne<Other>(_ other: Other.Type) -> Bool { value is Other }
    return isOne(type)
}
