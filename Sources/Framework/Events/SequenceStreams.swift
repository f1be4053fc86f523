import MartletEventStream

// A sequence as a stream, which reads it no faster than the client reads, and ends with it. What an action returns without
// more is the same with `reconnect: true`.

extension EventHub {
    /// A stream of a sequence's events.
    ///
    /// - Parameters:
    ///   - user: whose it is, for events to `.user`.
    ///   - takesBroadcasts: false to send it nothing that is broadcast.
    ///   - reconnect: false where the client is to stay away when the sequence is over, be it by an error; see `stream`.
    ///   - isEndless: true where the sequence goes on for ever; see `stream`.
    public func stream<S: AsyncSequence & Sendable>(
        of events: S, user: String? = nil, takesBroadcasts: Bool = true, reconnect: Bool = true, isEndless: Bool = false
    ) -> EventStream where S.Element == ServerSentEvent {
        stream(user: user, takesBroadcasts: takesBroadcasts, reconnect: reconnect, isEndless: isEndless) {
            try await $0.forward(events) { $0 }
        }
    }

    /// A stream of the events of a family.
    public func stream<S: AsyncSequence & Sendable>(
        of events: S, user: String? = nil, takesBroadcasts: Bool = true, reconnect: Bool = true, isEndless: Bool = false
    ) -> EventStream where S.Element: ServerEvents {
        stream(user: user, takesBroadcasts: takesBroadcasts, reconnect: reconnect, isEndless: isEndless) {
            try await $0.forward(events) { try .typed($0) }
        }
    }

    /// A stream of `message` events with a sequence's texts, as they are.
    public func stream<S: AsyncSequence & Sendable>(
        of texts: S, user: String? = nil, takesBroadcasts: Bool = true, reconnect: Bool = true, isEndless: Bool = false
    ) -> EventStream where S.Element == String {
        stream(user: user, takesBroadcasts: takesBroadcasts, reconnect: reconnect, isEndless: isEndless) {
            try await $0.forward(texts) { ServerSentEvent(data: $0) }
        }
    }

    /// A stream of `message` events with a sequence's values as JSON.
    @_disfavoredOverload
    public func stream<S: AsyncSequence & Sendable>(
        of values: S, user: String? = nil, takesBroadcasts: Bool = true, reconnect: Bool = true, isEndless: Bool = false
    ) -> EventStream where S.Element: Encodable {
        stream(user: user, takesBroadcasts: takesBroadcasts, reconnect: reconnect, isEndless: isEndless) { [json] in
            try await $0.forward(values) { ServerSentEvent(data: try json.text(of: $0)) }
        }
    }
}
