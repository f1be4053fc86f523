import Synchronization

/// The services of a running application; its singletons are made once.
final class ServiceRegistry: Sendable {
    let providers: [ObjectIdentifier: ServiceContainer.Provider]
    private struct State {
        var singletons: [ObjectIdentifier: any Sendable] = [:]
        var underway: [ObjectIdentifier] = []
    }
    private let state = Mutex(State())

    init(_ container: ServiceContainer) { providers = container.providers }

    func singleton(
        _ key: ObjectIdentifier, of type: Any.Type, _ make: (ServiceResolver) throws -> any Sendable
    ) throws -> any Sendable {
        let existing = try state.withLock { state -> (any Sendable)? in
            if let service = state.singletons[key] { return service }
            guard !state.underway.contains(key) else {
                throw StartupError("The service \(type) needs itself, by way of the services that it is made from.")
            }
            state.underway.append(key)
            return nil
        }
        if let existing { return existing }
        defer { state.withLock { $0.underway.removeAll { $0 == key } } }
        let service = try make(ServiceResolver(registry: self, scope: nil))
        state.withLock { $0.singletons[key] = service }
        return service
    }

    /// Makes every singleton, so that what cannot be made fails at start-up.
    func makeSingletons() throws {
        for (key, provider) in providers {
            if case .singleton(let make) = provider { _ = try singleton(key, of: Any.self, make) }
        }
    }
}
