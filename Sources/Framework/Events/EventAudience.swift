/// The streams that an event is for. A text is a topic, put together as `Topic` says.
///
///     try ctx.sse.post(data: text, to: "room/\(room)")
///     try ctx.sse.post(data: text, to: .user(user))
public struct EventAudience: Sendable, Hashable, ExpressibleByStringInterpolation {
    private enum Form: Sendable, Hashable {
        case everyone
        case topic(Topic)
        case user(String)
    }
    private let form: Form

    private init(_ form: Form) { self.form = form }

    /// Every stream, but for those that take no broadcasts.
    public static var everyone: EventAudience { EventAudience(.everyone) }

    /// The streams that subscribed to a topic. A malformed one is refused when an event is published to it.
    public static func topic(_ topic: Topic) -> EventAudience { EventAudience(.topic(topic)) }

    /// The streams that were opened for a user: all of the user's tabs.
    public static func user(_ user: String) -> EventAudience { EventAudience(.user(user)) }

    /// A topic as the source has it.
    public init(stringLiteral value: String) { self.init(.topic(Topic(stringLiteral: value))) }

    /// A topic with values in it, each of which is one segment or part of one.
    public init(stringInterpolation: Topic.StringInterpolation) {
        self.init(.topic(Topic(stringInterpolation: stringInterpolation)))
    }

    /// An audience to which events can be published, as the history and its store know it.
    public enum Recipients: Sendable, Hashable {
        /// Every stream, but for those that take no broadcasts.
        case everyone
        /// The streams that subscribed to the topic.
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

    /// - Throws: `TopicError` for a topic to which events cannot be published.
    package func recipients() throws(TopicError) -> Recipients {
        switch form {
        case .everyone: .everyone
        case .topic(let topic): .topic(try topic.checked())
        case .user(let user): .user(user)
        }
    }
}
