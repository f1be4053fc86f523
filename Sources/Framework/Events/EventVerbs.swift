import MartletEventStream

// The verbs as apps use them. Each publishing verb stands here twice: where it is called with `await` it returns when the
// event is kept, elsewhere it hands the event over.

extension EventHub {
    // MARK: - Everyone

    /// Sends a text to every client.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: an id of the app's own; such an event takes no part in resume.
    ///   - isCompressible: false for what holds a secret beside text that others choose; see `TopicSettings`.
    /// - Throws: `EventEncodingError` for a line end in the type or the id.
    @discardableResult
    public func broadcast(event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true) throws
        -> Receipt
    {
        try publish(ServerSentEvent(event: event, data: data, id: id), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends a text to every client and waits until it is kept.
    @discardableResult
    public func broadcast(event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true)
        async throws -> Receipt
    {
        try await publish(
            ServerSentEvent(event: event, data: data, id: id), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends a value as JSON to every client.
    @discardableResult
    public func broadcast(event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true)
        throws -> Receipt
    {
        try publish(encoded(event, data, id), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends a value as JSON to every client and waits until it is kept.
    @discardableResult
    public func broadcast(event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true)
        async throws -> Receipt
    {
        try await publish(encoded(event, data, id), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends an event to every client.
    @discardableResult
    public func broadcast(_ event: ServerSentEvent, isCompressible: Bool = true) throws -> Receipt {
        try publish(event, to: .everyone, isCompressible: isCompressible)
    }

    /// Sends an event to every client and waits until it is kept.
    @discardableResult
    public func broadcast(_ event: ServerSentEvent, isCompressible: Bool = true) async throws -> Receipt {
        try await publish(event, to: .everyone, isCompressible: isCompressible)
    }

    // MARK: - A topic

    /// Sends a text to the clients that subscribed to a topic.
    ///
    /// - Throws: `EventEncodingError` for a line end in the type or the id, `TopicError` for a malformed topic.
    @discardableResult
    public func publish(
        to topic: Topic, event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true
    ) throws -> Receipt {
        try publish(
            ServerSentEvent(event: event, data: data, id: id), to: .topic(try topic.checked()),
            isCompressible: isCompressible)
    }

    /// Sends a text to the clients that subscribed to a topic and waits until it is kept.
    @discardableResult
    public func publish(
        to topic: Topic, event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true
    ) async throws -> Receipt {
        try await publish(
            ServerSentEvent(event: event, data: data, id: id), to: .topic(try topic.checked()),
            isCompressible: isCompressible)
    }

    /// Sends a value as JSON to the clients that subscribed to a topic.
    @discardableResult
    public func publish(
        to topic: Topic, event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true
    ) throws -> Receipt {
        try publish(encoded(event, data, id), to: .topic(try topic.checked()), isCompressible: isCompressible)
    }

    /// Sends a value as JSON to the clients that subscribed to a topic and waits until it is kept.
    @discardableResult
    public func publish(
        to topic: Topic, event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true
    ) async throws -> Receipt {
        try await publish(encoded(event, data, id), to: .topic(try topic.checked()), isCompressible: isCompressible)
    }

    // MARK: - A user

    /// Sends a text to every stream of a user: all of the user's tabs.
    ///
    /// It is kept like any other: a tab that is away for a moment gets it when it comes back.
    ///
    /// - Returns: a receipt whose `clientCount` is 0 when the user is not there; ask `isConnected(user:)` first where the
    ///   event is for nobody then.
    @discardableResult
    public func send(
        toUser user: String, event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true
    ) throws -> Receipt {
        try publish(ServerSentEvent(event: event, data: data, id: id), to: .user(user), isCompressible: isCompressible)
    }

    /// Sends a text to every stream of a user and waits until it is kept.
    @discardableResult
    public func send(
        toUser user: String, event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true
    ) async throws -> Receipt {
        try await publish(
            ServerSentEvent(event: event, data: data, id: id), to: .user(user), isCompressible: isCompressible)
    }

    /// Sends a value as JSON to every stream of a user.
    @discardableResult
    public func send(
        toUser user: String, event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true
    ) throws -> Receipt { try publish(encoded(event, data, id), to: .user(user), isCompressible: isCompressible) }

    /// Sends a value as JSON to every stream of a user and waits until it is kept.
    @discardableResult
    public func send(
        toUser user: String, event: String? = nil, data: some Encodable, id: String? = nil, isCompressible: Bool = true
    ) async throws -> Receipt {
        try await publish(encoded(event, data, id), to: .user(user), isCompressible: isCompressible)
    }

    // MARK: - One client

    /// Sends a text to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(
        to client: EventClient.ID, event: String? = nil, data: String, id: String? = nil, isCompressible: Bool = true
    ) throws -> Bool {
        try send(to: client, ServerSentEvent(event: event, data: data, id: id), isCompressible: isCompressible)
    }

    /// Sends a value as JSON to one client.
    @discardableResult
    public func send(
        to client: EventClient.ID, event: String? = nil, data: some Encodable, id: String? = nil,
        isCompressible: Bool = true
    ) throws -> Bool { try send(to: client, encoded(event, data, id), isCompressible: isCompressible) }
}

// MARK: - Typed events

extension EventHub {
    /// Sends an event of a family to every client.
    @discardableResult
    public func broadcast(_ event: some ServerEvents, isCompressible: Bool = true) throws -> Receipt {
        try publish(.typed(event), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends an event of a family to every client and waits until it is kept.
    @discardableResult
    public func broadcast(_ event: some ServerEvents, isCompressible: Bool = true) async throws -> Receipt {
        try await publish(.typed(event), to: .everyone, isCompressible: isCompressible)
    }

    /// Sends an event of a family to the clients that subscribed to a topic.
    @discardableResult
    public func publish(_ event: some ServerEvents, to topic: Topic, isCompressible: Bool = true) throws -> Receipt {
        try publish(.typed(event), to: .topic(try topic.checked()), isCompressible: isCompressible)
    }

    /// Sends an event of a family to the clients that subscribed to a topic and waits until it is kept.
    @discardableResult
    public func publish(_ event: some ServerEvents, to topic: Topic, isCompressible: Bool = true) async throws
        -> Receipt
    {
        try await publish(.typed(event), to: .topic(try topic.checked()), isCompressible: isCompressible)
    }

    /// Sends an event of a family to every stream of a user.
    @discardableResult
    public func send(_ event: some ServerEvents, toUser user: String, isCompressible: Bool = true) throws -> Receipt {
        try publish(.typed(event), to: .user(user), isCompressible: isCompressible)
    }

    /// Sends an event of a family to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(_ event: some ServerEvents, to client: EventClient.ID, isCompressible: Bool = true) throws -> Bool
    {
        try send(to: client, .typed(event), isCompressible: isCompressible)
    }

    /// Sends an event of a family to every stream of a user and waits until it is kept.
    @discardableResult
    public func send(_ event: some ServerEvents, toUser user: String, isCompressible: Bool = true) async throws
        -> Receipt
    {
        try await publish(.typed(event), to: .user(user), isCompressible: isCompressible)
    }
}

extension EventClient {
    /// Sends an event of a family.
    @discardableResult
    public func send(_ event: some ServerEvents, isCompressible: Bool = true) throws -> Bool {
        try hub.send(event, to: id, isCompressible: isCompressible)
    }
}

extension ServerSentEvent {
    /// - Throws: `EncodingError` for a payload that is no JSON.
    static func typed(_ event: some ServerEvents) throws -> ServerSentEvent {
        // As the family's clients read it, whatever the application has set.
        ServerSentEvent(event: event.eventName, data: try JSON.standard.text(of: ServerEventPayload(event)))
    }
}

extension EventHub {
    /// - Throws: `EncodingError` for a value that is no JSON.
    func encoded(_ event: String?, _ data: some Encodable, _ id: String?) throws -> ServerSentEvent {
        ServerSentEvent(event: event, data: try json.text(of: data), id: id)
    }
}
