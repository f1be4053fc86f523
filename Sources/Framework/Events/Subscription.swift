/// What a stream is sent: what is published to its topics, what is sent to its user, and, as a rule, whatever is broadcast.
struct Subscription: Sendable {
    var topics: [TopicPattern] = []
    var user: String?
    var takesBroadcasts = true
}

/// Tells whether an event is for a subscription, where many are asked about.
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

    func includes(_ audience: EventAudience.Recipients) -> Bool {
        switch audience {
        case .everyone: subscription.takesBroadcasts
        case .user(let name): name == subscription.user
        case .topic(let topic):
            topics.contains(topic) || patterns.contains { $0.matches(topic) }
        }
    }
}
