// The two kinds of stream that an action can return.

extension EventHub {
    /// A stream that stays open, for what is sent to it, until either side closes it.
    ///
    /// - Parameters:
    ///   - topics: what it subscribes to beside what is broadcast. They are authorised (`app.events.authorize`) before the
    ///     stream begins.
    ///   - patterns: the same for many topics at once; `room/*` is any topic of two segments under `room`, `room/**` all below
    ///     it.
    ///   - user: whose it is, for events to `.user`.
    ///   - takesBroadcasts: false to send it nothing that is broadcast.
    ///   - replay: what of the past a new client gets first. One that comes back gets what it missed in any case.
    ///   - expiresAfter: when it ends unless it is refreshed; nil for never. See `StreamRefresh`.
    ///   - isCompressed: true to send it with gzip to clients that accept that. An event is compressed once for all of them;
    ///     events that go out together, once for all on the same event loop.
    ///   - isEndless: true where `onOpen` goes on for ever. A shutdown of the application lets one that comes to an end
    ///     finish, for `limits.shutdownTimeout` at most, and waits for no other.
    ///   - onOpen: runs once the stream is open; it may send, and may take its time. Cancelled when the stream ends; an
    ///     error ends the stream.
    ///   - onClose: runs exactly once, however the stream ended, on its event loop: hand on what takes time.
    public func open(
        topics: [Topic] = [], patterns: [TopicPattern] = [], user: String? = nil, takesBroadcasts: Bool = true,
        replay: Replay = .none, expiresAfter: Duration? = nil, isCompressed: Bool = false, isEndless: Bool = false,
        onOpen: (@Sendable (EventClient) async throws -> Void)? = nil,
        onClose: (@Sendable (EventClient) -> Void)? = nil
    ) -> EventStream {
        EventStream(
            topics: topics, patterns: patterns, user: user, endsWithBody: false, isEndless: isEndless,
            takesBroadcasts: takesBroadcasts, replay: replay, expiresAfter: expiresAfter, isCompressed: isCompressed,
            body: onOpen, onClose: onClose)
    }

    /// A stream that ends when its body has returned; the body is cancelled when the stream ends before. Where the body
    /// throws, the stream ends with a `martlet.error` event.
    ///
    /// Meanwhile it is sent what others send to it, as a stream by `open` is.
    ///
    /// - Parameters:
    ///   - topics: what it subscribes to beside what is broadcast. They are authorised (`app.events.authorize`) before the
    ///     body runs.
    ///   - patterns: the same for many topics at once.
    ///   - user: whose it is, for events to `.user`.
    ///   - takesBroadcasts: false to send it nothing that is broadcast.
    ///   - reconnect: false where the client is to stay away when the body is over, be it by an error: the last event has an
    ///     id by which its next connect is answered with 204, at which an `EventSource` gives up. With true, one that its page
    ///     does not close comes back, and the body runs anew.
    ///   - replay: what of the past a new client gets first.
    ///   - expiresAfter: when it ends unless it is refreshed; nil for never. See `StreamRefresh`.
    ///   - isCompressed: true to send it with gzip to clients that accept that.
    ///   - isEndless: true where the body goes on for ever. A shutdown of the application lets one that comes to an end
    ///     finish, for `limits.shutdownTimeout` at most, and waits for no other. A body that cannot say so beforehand looks at
    ///     `isShuttingDown`.
    ///   - onClose: runs exactly once, however the stream ended, on its event loop: hand on what takes time.
    public func stream(
        topics: [Topic] = [], patterns: [TopicPattern] = [], user: String? = nil, takesBroadcasts: Bool = true,
        reconnect: Bool = true, replay: Replay = .none, expiresAfter: Duration? = nil, isCompressed: Bool = false,
        isEndless: Bool = false,
        _ body: @escaping @Sendable (EventClient) async throws -> Void,
        onClose: (@Sendable (EventClient) -> Void)? = nil
    ) -> EventStream {
        EventStream(
            topics: topics, patterns: patterns, user: user, endsWithBody: true, isEndless: isEndless,
            farewell: reconnect ? .none : .event, takesBroadcasts: takesBroadcasts, replay: replay,
            expiresAfter: expiresAfter, isCompressed: isCompressed, body: body, onClose: onClose)
    }
}
