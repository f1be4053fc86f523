import Synchronization

/// A scoped service with something to let go of when its request's action has returned.
public protocol ClosableService: Sendable {
    /// Lets go of what the service holds, once. The services of a request are closed one after the other, the last made
    /// first, and the response waits for them.
    func close() async
}

/// The scoped services of one request, in the order they were made.
final class ServiceScope: Sendable {
    private struct State {
        var made: [(key: ObjectIdentifier, service: any Sendable)] = []
        var hasEnded: Bool
    }
    private let state: Mutex<State>

    /// - Parameter hasEnded: true for a request that is over.
    init(hasEnded: Bool) { state = Mutex(State(hasEnded: hasEnded)) }

    /// - Throws: `ServiceError` when the request is over: nobody would close the service.
    func service(
        _ key: ObjectIdentifier, of type: Any.Type, make: () throws -> any Sendable
    ) throws -> any Sendable {
        let existing = try state.withLock { state in
            guard !state.hasEnded else { throw Self.over(type) }
            return state.made.first { $0.key == key }?.service
        }
        if let existing { return existing }
        let service = try make()
        return try state.withLock { state in
            guard !state.hasEnded else { throw Self.over(type) }
            if let existing = state.made.first(where: { $0.key == key }) { return existing.service }
            state.made.append((key, service))
            return service
        }
    }

    private static func over(_ type: Any.Type) -> ServiceError {
        ServiceError(
            "A \(type) is scoped to a request, and this request is over: resolve it before the action returns.")
    }

    /// Closes them, the last made first.
    ///
    /// - Parameter isLast: true where none can be made any more.
    func close(isLast: Bool) async {
        let services = state.withLock { state in
            defer { state.made = [] }
            state.hasEnded = isLast
            return state.made
        }
        for (_, service) in services.reversed() { await (service as? any ClosableService)?.close() }
    }
}
