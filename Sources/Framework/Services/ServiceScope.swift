import Synchronization

/// A scoped service with something to let go of when its request's action has returned.
public protocol ClosableService: Sendable {
    func close() async
}

/// The scoped services of one request, in the order they were made.
final class ServiceScope: Sendable {
    private let made = Mutex<[(key: ObjectIdentifier, service: any Sendable)]>([])

    func service(_ key: ObjectIdentifier, make: () throws -> any Sendable) throws -> any Sendable {
        if let existing = made.withLock({ $0.first { $0.key == key }?.service }) { return existing }
        let service = try make()
        return made.withLock { made in
            if let existing = made.first(where: { $0.key == key }) { return existing.service }
            made.append((key, service))
            return service
        }
    }

    /// Closes them, the last made first.
    func close() async {
        let services = made.withLock { made in
            defer { made = [] }
            return made
        }
        for (_, service) in services.reversed() { await (service as? any ClosableService)?.close() }
    }
}
