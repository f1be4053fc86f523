import Synchronization

/// The services of a running application; its singletons are made once.
final class ServiceRegistry: Sendable {
    let providers: [ObjectIdentifier: ServiceContainer.Provider]
    private let singletons = Mutex<[ObjectIdentifier: any Sendable]>([:])

    /// The types, for errors.
    private let names: [ObjectIdentifier: String]

    init(_ container: ServiceContainer) {
        providers = container.providers
        names = container.names
    }

    func contains(_ type: Any.Type) -> Bool { providers[ObjectIdentifier(type)] != nil }

    func singleton(_ key: ObjectIdentifier, make: () throws -> any Sendable) throws -> any Sendable {
        if let service = singletons.withLock({ $0[key] }) { return service }
        // Made outside the lock, for it may need others; of two made at once the first stays.
        let service = try make()
        return singletons.withLock { singletons in
            if let existing = singletons[key] { return existing }
            singletons[key] = service
            return service
        }
    }

    /// Makes every singleton, so that what cannot be made fails at start-up.
    func makeSingletons() throws {
        let resolver = ServiceResolver(registry: self, scope: nil)
        for (key, provider) in providers {
            guard case .singleton(let make) = provider else { continue }
            do {
                _ = try singleton(key) { try make(resolver.making(key)) }
            } catch {
                throw StartupError(making: "service \(names[key] ?? "")", error)
            }
        }
    }
}
