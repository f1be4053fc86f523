/// How much of everything an application takes from its peers.
public struct Limits: Sendable {
    /// The most header fields of a request; more are answered with 431.
    public var maxHeaderFields = 100
    /// The most bytes of a request's header fields together; more are answered with 431.
    public var maxHeaderBytes = 32 * 1024
    /// True to take header fields with an underscore in their name. They are dropped otherwise: a gateway that passes
    /// `Content_Length` on as `CONTENT_LENGTH` cannot tell it from the real one.
    public var acceptsUnderscoresInFieldNames = false
    /// The most bytes of a request target; more are answered with 414.
    public var maxTargetBytes = 8 * 1024
    /// The most bytes of a body, where the action does not say otherwise; more are answered with 413.
    public var maxBodyBytes = 2 * 1024 * 1024
    /// How long a request's head may take to come; longer is answered with 408.
    public var headerTimeout = Duration.seconds(15)
    /// How long a connection may wait for its next request, and how long a response for a reader who takes nothing of it.
    public var keepAliveTimeout = Duration.seconds(75)
    /// The fewest bytes a second of a body, after `bodyRateGrace`; slower is answered with 408.
    public var minBodyBytesPerSecond = 240
    /// How long a body may be slow.
    public var bodyRateGrace = Duration.seconds(5)
    /// The most connections at a time; more are answered with 503. The process's limit of open files can be lower.
    public var maxConnections = 65536
    /// Connections that wait to be accepted.
    public var backlog = 4096
    /// How much silence of an event stream a comment breaks.
    public var heartbeat = Duration.seconds(15)
    /// The part of the heartbeat's interval by which it may come earlier, from 0 to 1, so that streams do not beat together.
    public var heartbeatJitter = 0.1
    /// The most bytes that wait for one reader of an event stream before its topic's `SlowReaderPolicy` acts.
    public var maxStreamBacklogBytes = 1024 * 1024
    /// How long one slow reader may hold up who publishes to its topics (`SlowReaderPolicy.suspendPublisher`); then its stream
    /// is ended.
    public var maxPublisherSuspension = Duration.seconds(30)
    /// The most events that wait for the store of events. Beyond it, who publishes with `await` waits, and who publishes
    /// without gets a `StoreBacklogError`.
    public var maxStoreBacklogEvents = 10_000
    /// The same in bytes.
    public var maxStoreBacklogBytes = 16 * 1024 * 1024
    /// The most event streams at a time; more are answered with 503.
    public var maxStreams = 65536
    /// The most event streams of one user.
    public var maxStreamsPerUser = 1000
    /// The most event streams of one address. Behind a proxy all have the proxy's, so this is for servers without.
    public var maxStreamsPerAddress = Int.max
    /// Over how long the ends of the event streams are spread at a shutdown, so that their clients do not all come back at
    /// the same moment.
    public var drainWindow = Duration.seconds(1)
    /// After how long clients reconnect that were sent away by a shutdown: each at a random time in this range.
    public var reconnectSpread = Duration.milliseconds(500)...Duration.seconds(3)
    /// How long requests may go on after a shutdown began.
    public var shutdownTimeout = Duration.seconds(10)

    /// How long background work may take to end at the shutdown, when it is asked to and again when it is cancelled. Then it
    /// is left behind.
    public var backgroundTimeout = Duration.seconds(5)

    /// The defaults.
    public init() {}
}
