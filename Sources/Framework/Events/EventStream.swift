import HTTPTypes
import NIOCore

/// A live stream of server-sent events as an action's result. Made by `ctx.sse.open` or `ctx.sse.stream`.
///
/// Nothing is registered, counted, replayed or delivered before the action has returned it and the middleware has let it
/// pass.
public struct EventStream: Sendable, ResponseConvertible {
    typealias Body = @Sendable (EventClient) async throws -> Void

    /// How a client learns at the end of a body that it is to stay away: the last event has `EventHub.farewellID`.
    enum Farewell: Sendable {
        /// It may come back, and has the body run anew.
        case none
        /// `martlet.close`.
        case event
        /// The body sends it itself.
        case ofBody
    }

    var topics: [Topic] = []
    var patterns: [TopicPattern] = []
    let user: String?
    /// True where the stream ends with its body, false where it stays open for what is sent to it.
    let endsWithBody: Bool
    /// True where the body does not come to an end by itself, so that a shutdown does not wait for it.
    var isEndless = false
    /// What keeps its client from coming back when the body is over.
    var farewell = Farewell.none
    var takesBroadcasts = true
    var replay = Replay.none
    var expiresAfter: Duration?
    var isCompressed = false
    var body: Body?
    let onClose: (@Sendable (EventClient) -> Void)?
    /// What was found when the stream was let in; nil before.
    package var admission: StreamAdmission?

    /// True where its frames go out compressed.
    package var isGzip: Bool { admission?.isGzip ?? false }

    /// 200 with `text/event-stream`; whether the stream is let in is decided when the middleware has let it pass.
    public func response(for context: Context) -> Response {
        Response(headers: Self.headers, body: .events(self))
    }

    /// `X-Accel-Buffering` keeps nginx from holding events back.
    private static let headers: HTTPFields = {
        var fields: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
        if let buffering = HTTPField.Name("X-Accel-Buffering") { fields[buffering] = "no" }
        return fields
    }()
}

/// What of the past a new client gets first.
public enum Replay: Sendable, Hashable {
    /// Only what is published from now on.
    case none
    /// The last events of its topics, of the broadcasts and of its user together.
    case last(Int)
    /// All that the history has.
    case all
}
