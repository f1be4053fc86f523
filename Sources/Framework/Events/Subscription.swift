/// What a stream is sent: what is published to its topics, what is sent to its user, and, as a rule, whatever is broadcast.
struct Subscription: Sendable {
    var topics: [TopicPattern] = []
    var user: String?
    var takesBroadcasts = true
}

/// Whom an event is for.
public enum EventAudience: Sendable, Hashable {
    /// Every stream, but for those that take no broadcasts.
    case everyone
    /// The streams that subscribed to it.
    case topic(String)
    /// The streams that were opened for the user.
    case user(String)

    /// The bytes of the topic's or user's name.
    var nameBytes: Int {
        switch self {
        case .everyone: 0
        case .topic(let name), .user(let name): name.utf8.count
        }
    }
}

/// Tells whether an event is for a subscription, for who asks about many.
struct AudienceFilter: Sendable {
    let subscription: Subscription
    private var topics: Set<String> = []
    private var patterns: [TopicPattern] = []

    init(_ subscription: Subscription) {
        self.subscription = subscription
        for topic in subscription.topics {
            if topic.segments == nil { topics.insert(topic.description) } else { patterns.append(topic) }
        }
    }

    /// True where it takes in more audiences than are worth looking up one by one.
    var isWide: Bool { !patterns.isEmpty || topics.count > 8 }

    func includes(_ audience: EventAudience) -> Bool {
        switch audience {
        case .everyone: subscription.takesBroadcasts
        case .user(let name): name == subscription.user
        case .topic(let topic): topics.contains(topic) || patterns.contains { $0.matches(topic) }
        }
    }
}
