import MartletEventStream

// The verbs with what they can be given: an event, an event of a family, a text, a value. How they publish is in
// `EventHub.swift`.

// MARK: - Publishing, and waiting until it is kept

extension EventHub {
    /// Publishes an event of a family, and waits until it is kept.
    ///
    /// - Throws: what `publish` throws for a `ServerSentEvent`, and `EncodingError` for a payload that is no JSON.
    @discardableResult
    public func publish(_ event: some ServerEvents, to audience: EventAudience) async throws -> Receipt {
        try await publish(.typed(event), to: audience)
    }

    /// Publishes an event with a text, and waits until it is kept.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: an id of the app's own; such an event takes no part in resume.
    /// - Throws: what `publish` throws for a `ServerSentEvent`.
    @discardableResult
    public func publish(
        event: String? = nil, data: String, id: String? = nil, to audience: EventAudience
    ) async throws -> Receipt {
        try await publish(ServerSentEvent(event: event, data: data, id: id), to: audience)
    }

    /// Publishes an event with a value as JSON, and waits until it is kept.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: an id of the app's own; such an event takes no part in resume.
    /// - Throws: what `publish` throws for a `ServerSentEvent`, and `EncodingError` for a value that is no JSON.
    @discardableResult
    public func publish(
        event: String? = nil, data: some Encodable, id: String? = nil, to audience: EventAudience
    ) async throws -> Receipt {
        try await publish(encoded(event, data, id), to: audience)
    }
}

// MARK: - Publishing without waiting

extension EventHub {
    /// Publishes an event of a family without waiting.
    ///
    /// - Throws: what `post` throws for a `ServerSentEvent`, and `EncodingError` for a payload that is no JSON.
    @discardableResult
    public func post(_ event: some ServerEvents, to audience: EventAudience) throws -> Receipt {
        try post(.typed(event), to: audience)
    }

    /// Publishes an event with a text without waiting.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: an id of the app's own; such an event takes no part in resume.
    /// - Throws: what `post` throws for a `ServerSentEvent`.
    @discardableResult
    public func post(
        event: String? = nil, data: String, id: String? = nil, to audience: EventAudience
    ) throws -> Receipt {
        try post(ServerSentEvent(event: event, data: data, id: id), to: audience)
    }

    /// Publishes an event with a value as JSON without waiting.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: an id of the app's own; such an event takes no part in resume.
    /// - Throws: what `post` throws for a `ServerSentEvent`, and `EncodingError` for a value that is no JSON.
    @discardableResult
    public func post(
        event: String? = nil, data: some Encodable, id: String? = nil, to audience: EventAudience
    ) throws -> Receipt {
        try post(encoded(event, data, id), to: audience)
    }
}

// MARK: - Sending to one client

extension EventHub {
    /// Sends an event of a family to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(_ event: some ServerEvents, to client: EventClient.ID) throws -> Bool {
        try send(.typed(event), to: client)
    }

    /// Sends an event with a text to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(
        event: String? = nil, data: String, id: String? = nil, to client: EventClient.ID
    ) throws -> Bool {
        try send(ServerSentEvent(event: event, data: data, id: id), to: client)
    }

    /// Sends an event with a value as JSON to one client.
    ///
    /// - Returns: false when there is no such stream, or no longer.
    @discardableResult
    public func send(
        event: String? = nil, data: some Encodable, id: String? = nil, to client: EventClient.ID
    ) throws -> Bool {
        try send(encoded(event, data, id), to: client)
    }
}

extension EventClient {
    /// Sends an event as it is, with a `retry` for the client's next connect, or with a comment and nothing else, of which the
    /// client's listeners do not hear.
    ///
    /// - Returns: false when the stream has ended.
    /// - Throws: `EventEncodingError` for what the wire cannot carry.
    @discardableResult
    public func send(_ event: ServerSentEvent) throws -> Bool { try hub.send(event, to: id) }

    /// Sends an event of a family.
    ///
    /// - Returns: false when the stream has ended.
    @discardableResult
    public func send(_ event: some ServerEvents) throws -> Bool { try hub.send(event, to: id) }

    /// Sends an event with a text.
    ///
    /// - Parameters:
    ///   - event: the event's type; nil is the client's default, `message`.
    ///   - id: what a reconnecting client names in `Last-Event-ID`.
    /// - Returns: false when the stream has ended.
    /// - Throws: `EventEncodingError` for a line end in the type or the id.
    @discardableResult
    public func send(event: String? = nil, data: String, id: String? = nil) throws -> Bool {
        try hub.send(event: event, data: data, id: id, to: self.id)
    }

    /// Sends an event with a value as JSON.
    ///
    /// - Returns: false when the stream has ended.
    @discardableResult
    public func send(event: String? = nil, data: some Encodable, id: String? = nil) throws -> Bool {
        try hub.send(event: event, data: data, id: id, to: self.id)
    }
}

// MARK: - What they make of it

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
