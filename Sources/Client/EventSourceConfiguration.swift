import HTTPTypes
import NIOCore

extension EventSource {
    /// What to ask for, and how hard to try.
    public struct Configuration: Sendable {
        /// The request method: `GET` as the standard has it, or another for a server that wants a body.
        public var method: HTTPRequest.Method = .get
        /// Sent anew with every attempt. `text/plain` unless the headers name another type.
        public var body: ByteBuffer?
        /// Asked before every attempt, since a token may have expired. An error counts as a failed attempt.
        public var headers: @Sendable () async throws -> HTTPFields
        /// Where to resume at the first connection; empty for nowhere.
        public var lastEventID = ""

        /// The delay before connecting again, until the stream sets another with `retry`.
        public var retry: Duration = .seconds(3)
        /// What a server's `retry` is held to.
        public var retryRange: ClosedRange<Duration> = .milliseconds(50)...(.seconds(300))
        /// How the delay grows from one failure to the next.
        public var backoff = Backoff()
        /// How many attempts in a row may fail before the source does; `nil` for no end.
        public var maximumAttempts: Int?
        /// Statuses that are tried again. The standard has none: any but 200 ends the source.
        public var retriedStatuses: Set<Int> = []

        /// How long a connection may stay silent, heartbeats included, before it counts as lost; longer than the 15 s
        /// of Martlet's heartbeat. `nil` for as long as it likes.
        public var idleTimeout: Duration? = .seconds(45)
        /// The longest line accepted, in bytes.
        public var maximumLineBytes = 1 << 20
        /// The largest data of one event accepted, in bytes.
        public var maximumEventBytes = 4 << 20
        /// Whether to offer gzip.
        public var acceptsGzip = true

        /// The standard's behaviour, with these headers.
        ///
        /// - Parameter headers: asked before every attempt.
        public init(headers: @escaping @Sendable () async throws -> HTTPFields = { [:] }) {
            self.headers = headers
        }

        /// What proxies answer while the server behind them restarts, and servers that are full.
        public static let transientStatuses: Set<Int> = [429, 500, 502, 503, 504]
    }

    /// Delays that double, or so, with every failure, and differ from client to client.
    public struct Backoff: Sendable, Hashable {
        /// What each failure after the first multiplies the delay by.
        public var factor: Double
        /// The longest delay, unless the server's `retry` is longer.
        public var maximum: Duration
        /// The largest share of the delay added to it at random. Nothing is taken off: the standard waits for at least
        /// the reconnection time.
        public var jitter: Double

        /// Unless told otherwise a delay doubles up to 30 s, and up to half as much again is added at random.
        ///
        /// - Parameters:
        ///   - factor: at least 1; less counts as 1.
        ///   - jitter: a share of the delay, at least 0; less counts as 0.
        public init(factor: Double = 2, maximum: Duration = .seconds(30), jitter: Double = 0.5) {
            self.factor = max(factor, 1)
            self.maximum = maximum
            self.jitter = max(jitter, 0)
        }

        /// Exactly the reconnection time, every time.
        public static let none = Backoff(factor: 1, jitter: 0)

        /// - Parameter failures: how many attempts have failed in a row; 0 after a stream that was open.
        func delay(after failures: Int, retry: Duration, random: inout some RandomNumberGenerator) -> Duration {
            var delay = retry
            let limit = max(retry, maximum)
            for _ in 0..<max(failures - 1, 0) where delay < limit { delay = min(delay * factor, limit) }
            return jitter == 0 ? delay : delay + delay * Double.random(in: 0...jitter, using: &random)
        }
    }
}
