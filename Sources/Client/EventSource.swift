import AsyncHTTPClient
import MartletEventStream

/// A stream of server-sent events that is kept alive: what is lost is connected again and resumed.
///
///     let source = EventSource("http://localhost:8080/events")
///     for try await event in source.events {
///         print(event.event, event.data)
///     }
///
/// Follows WHATWG HTML, section 9.2 "Server-sent events". One source is one stream: leaving the loop, cancelling its
/// task, or letting go of the source closes the connection for good.
public final class EventSource: Sendable {
    /// An event as it was received: its type, its data and the last event ID at that time.
    public typealias Event = EventStreamParser.Event

    /// The standard's `readyState`.
    public enum State: Sendable, Hashable {
        /// Not yet connected, or connecting again after a loss.
        case connecting
        /// The server has answered with a stream, which is read.
        case open
        /// For good: by this side, by a 204, or by an error that no other attempt would mend.
        case closed
    }

    let driver: StreamDriver

    /// Nothing is sent until ``events`` is iterated or ``connect()`` is called.
    ///
    /// - Parameters:
    ///   - url: an absolute `http` or `https` URL.
    ///   - client: the client to send with, for settings of its own (TLS, proxies). A stream holds a connection for as
    ///     long as it is open, so raise its limit of connections per host above the number of streams.
    ///   - clock: what delays and idle timeouts are measured with.
    ///   - random: where jitter comes from.
    public init(
        _ url: String,
        configuration: Configuration = Configuration(),
        client: HTTPClient? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        driver = StreamDriver(
            url: url, configuration: configuration, client: client ?? SharedClients.streams, clock: clock,
            random: random)
    }

    deinit { driver.finish(nil) }

    /// Connects without a loop: events go to the callbacks. Does nothing when connected already.
    public func connect() { driver.start() }

    /// Ends the stream and closes its connection. A closed source stays closed.
    public func close() { driver.finish(nil) }

    /// Drops the connection as if it had been lost, to connect again after the usual delay.
    public func reconnect() { driver.dropConnection() }

    /// Where the stream stands now; ``states`` tells of each change.
    public var state: State { driver.state }

    /// The state now, and each one it changes to; ends after `closed`.
    public var states: AsyncStream<State> { driver.states }

    /// What the next connection is asked to resume after: the last ID received, empty while there is none.
    public var lastEventID: String { driver.lastEventID }

    /// What the server last said of a resumed connection; `nil` from a server that says nothing.
    public var resumeVerdict: ResumeVerdict? { driver.resumeVerdict }

    /// Calls `action` each time a connection is open. Callbacks run one at a time, in the order of what they report.
    public func onOpen(_ action: @escaping @Sendable () -> Void) { driver.listen { $0.open.append(action) } }

    /// Calls `action` with every event, whatever its type.
    public func onMessage(_ action: @escaping @Sendable (Event) -> Void) { driver.listen { $0.message.append(action) } }

    /// Calls `action` with what the server says of each connection that it resumes; other servers than Martlet say nothing.
    public func onResume(_ action: @escaping @Sendable (ResumeVerdict) -> Void) {
        driver.listen { $0.resume.append(action) }
    }

    /// Calls `action` when the server says that events are missing from a stream. For loops that do not see it
    /// themselves, such as typed ones; it may come before the loop has what stands before the gap.
    public func onGap(_ action: @escaping @Sendable (EventGap) -> Void) { driver.listen { $0.gap.append(action) } }

    /// Calls `action` with what a connection was lost to, also when it is tried again.
    public func onError(_ action: @escaping @Sendable (EventSourceError) -> Void) {
        driver.listen { $0.error.append(action) }
    }

    /// Calls `action` once, when the source has closed for good.
    public func onClose(_ action: @escaping @Sendable () -> Void) { driver.listen { $0.close.append(action) } }
}
