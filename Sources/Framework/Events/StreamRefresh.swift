import HTTPTypes

/// Lets streams that expire go on: mount it with `app.mount(StreamRefresh { ctx, client in … })`.
///
/// A stream opened with `expiresAfter:` begins with a `martlet.expiry` event, `{"client":17,"seconds":900}`. Its client
/// posts `client=17` to `/events/refresh` in time, with the credentials that it then has.
@Controller("/events/refresh", isDiscovered: false)
public struct StreamRefresh {
    /// Decides for how long a client's stream goes on; nil lets it run out.
    public typealias Decision = @Sendable (Context, EventClient) async throws -> Duration?

    private let decide: Decision

    /// - Parameter decide: must check that the request may speak for the stream: that its user is the stream's.
    public init(decide: @escaping Decision) { self.decide = decide }

    /// Has a stream go on.
    @POST("", maxBodyBytes: 4096) func refresh(client id: EventClient.ID, _ ctx: Context) async throws -> Envelope {
        guard let client = ctx.sse.client(id), let time = try await decide(ctx, client), time > .zero else {
            // The same for a stream that is gone and one of somebody else: ids tell nothing.
            throw HTTPError(.forbidden, "The stream cannot be refreshed.")
        }
        ctx.sse.refresh(id, for: time)
        return .ok(data: ["seconds": time / .seconds(1)])
    }
}
