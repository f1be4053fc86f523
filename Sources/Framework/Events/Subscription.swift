/// What a stream is sent: whatever is broadcast, what is published to its topics, and what is sent to its user.
struct Subscription: Sendable {
    var topics: [TopicPattern] = []
    var user: String?
}

/// Whom an event is for.
public enum EventAudience: Sendable, Hashable {
    /// Every stream: what is broadcast.
    case everyone
    /// The streams that subscribed to it.
    case topic(String)
    /// The streams that were opened for the user.
    case user(String)
}
