import CoreMetrics
import MartletEventStream

/// How an application's events are kept, allowed and delivered: `app.events`.
public struct EventSettings: Sendable {
    /// How much of the past is kept for clients that reconnect, and for new ones that ask for it.
    public var history = HistoryLimits()
    /// Keeps the history beyond this process; nil keeps it in memory alone.
    public var store: (any HistoryStore)?
    /// Where the figures of the streams go; nil for what swift-metrics was bootstrapped with when the server starts.
    public var metrics: (any MetricsFactory)?
    private(set) var rules: [(pattern: TopicPattern, settings: TopicSettings)] = []
    private(set) var authorizers: [(pattern: TopicPattern, isAllowed: TopicAuthorizer)] = []
    private(set) var joinHooks: [PresenceHook] = []
    private(set) var leaveHooks: [PresenceHook] = []

    /// True to let a request subscribe to the topic, or to the pattern that has this text; what it throws answers the
    /// request.
    public typealias TopicAuthorizer = @Sendable (Context, _ topic: String) async throws -> Bool
    /// Is told of a stream that has begun or ended.
    public typealias PresenceHook = @Sendable (EventClient, EventHub) -> Void

    package init() {}

    /// Settings of a topic, or of all that a pattern matches; the first that match are taken.
    ///
    ///     try app.events.topic("prices/*") { $0.slowReaders = .latestOnly(key: { $0.event ?? "" }) }
    ///
    /// - Throws: `TopicError` for a malformed pattern.
    public mutating func topic(_ pattern: String, _ change: (inout TopicSettings) -> Void) throws {
        var settings = TopicSettings()
        change(&settings)
        rules.append((try TopicPattern(pattern), settings))
    }

    /// Decides who may subscribe to a topic, or to all that a pattern matches, before the stream is counted, replayed to
    /// or delivered to. A stream that is refused one of its topics is answered with 403.
    ///
    /// A subscription by pattern is asked about by its text: `room/*` is allowed by a rule for `room/*` or `room/**`, whose
    /// closure sees `room/*`.
    ///
    /// - Throws: `TopicError` for a malformed pattern.
    public mutating func authorize(_ pattern: String, _ isAllowed: @escaping TopicAuthorizer) throws {
        authorizers.append((try TopicPattern(pattern), isAllowed))
    }

    /// Runs once for each stream when it has begun. It runs on the stream's event loop, which serves others, too: hand on
    /// what takes time.
    ///
    ///     app.events.onJoin { client, hub in
    ///         if let user = client.user { _ = try? hub.post(event: "joined", data: user, to: .everyone) }
    ///     }
    ///
    /// - Parameter hook: is given the stream, and the hub for what it wants to know or tell of that. The stream itself gets
    ///   what the hook sends.
    public mutating func onJoin(_ hook: @escaping PresenceHook) { joinHooks.append(hook) }

    /// Runs once for each stream when it has begun, as the other form.
    public mutating func onJoin(_ hook: @escaping @Sendable (EventClient) -> Void) {
        onJoin { client, _ in hook(client) }
    }

    /// Runs once for each stream when it has ended, however it ended; on the stream's event loop, as `onJoin`.
    ///
    /// - Parameter hook: is given the stream, and the hub, in which the stream is no more.
    public mutating func onLeave(_ hook: @escaping PresenceHook) { leaveHooks.append(hook) }

    /// Runs once for each stream when it has ended, as the other form.
    public mutating func onLeave(_ hook: @escaping @Sendable (EventClient) -> Void) {
        onLeave { client, _ in hook(client) }
    }

    /// True where the history keeps everything that a subscription may bring.
    func keepsAll(of subscription: Subscription) -> Bool {
        history.maxEventsPerTopic > 0
            && subscription.topics.allSatisfy { topic in
                if topic.segments == nil { return settings(of: .topic(topic.description)).keepsHistory }
                return rules.allSatisfy { $0.settings.keepsHistory || !$0.pattern.overlaps(topic) }
            }
    }

    /// True where one of the topics of a subscription has publishers wait for its readers.
    func suspendsPublishers(of subscription: Subscription) -> Bool {
        rules.contains { rule in
            guard case .suspendPublisher = rule.settings.slowReaders else { return false }
            return subscription.topics.contains { rule.pattern.overlaps($0) }
        }
    }

    package func settings(of audience: EventAudience.Recipients) -> TopicSettings {
        guard !rules.isEmpty, case .topic(let topic) = audience else { return TopicSettings.standard }
        return rules.first { $0.pattern.matches(topic) }?.settings ?? TopicSettings.standard
    }
}

/// How the events of a topic are delivered.
public struct TopicSettings: Sendable {
    /// What happens to a client that reads more slowly than events come.
    public var slowReaders = SlowReaderPolicy.disconnect
    /// False keeps nothing of the topic: a client that was away is told that there is a hole.
    public var keepsHistory = true
    /// False sends its events as they are inside compressed streams: for events that hold secrets beside text that others
    /// choose, whose compressed length would tell of the secret (BREACH). `ServerSentEvent.isCompressible` is the same for
    /// single events.
    public var isCompressible = true

    static let standard = TopicSettings()
}

/// What is done when the events that wait for one client exceed its budget, `limits.maxStreamBacklogBytes`.
public enum SlowReaderPolicy: Sendable {
    /// Its stream is ended; it reconnects and resumes from the history.
    case disconnect
    /// The oldest events that wait are dropped, and a `martlet.gap` event in their place says which.
    case dropOldest
    /// While events wait, a newer one takes the place of an older one with the same key.
    case latestOnly(key: @Sendable (ServerSentEvent) -> String)
    /// `publish` waits until the client has read, for `limits.maxPublisherSuspension` at most: then the client is
    /// disconnected. `post` cannot be held up: where it goes beyond the budget, the client is disconnected.
    case suspendPublisher
}

/// How much of the past is kept. What exceeds any of these is forgotten, the oldest first.
public struct HistoryLimits: Sendable {
    /// The most events of one topic, of the broadcasts, or of one user's.
    public var maxEventsPerTopic = 1000
    /// The most bytes of all events together, each with 512 for what stands around it in memory.
    public var maxBytes = 32 * 1024 * 1024
    /// How old an event may be.
    public var maxAge = Duration.seconds(15 * 60)

    /// The limits of an application that changes nothing.
    public init() {}

    /// Nothing is kept: every client that reconnects is told that there may be a hole.
    public static var none: HistoryLimits {
        var limits = HistoryLimits()
        limits.maxEventsPerTopic = 0
        return limits
    }
}
