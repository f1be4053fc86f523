import HTTPTypes

/// Lets streams that expire go on: mount it with `app.use(StreamRefresh { ctx, client in … })`.
///
/// A stream opened with `expiresAfter:` begins with a `martlet.expiry` event, `{"client":17,"seconds":900}`. Its client
/// posts `client=17` here in time, with the credentials that it then has.
public struct StreamRefresh: ImmediateMiddleware {
    /// Decides for how long a client's stream goes on; nil lets it run out.
    public typealias Decision = @Sendable (Context, EventClient) async throws -> Duration?

    private let path: String
    private let decide: Decision

    /// - Parameters:
    ///   - path: where it answers POST.
    ///   - decide: must check that the request may speak for the stream: that its user is the stream's.
    public init(_ path: String = "/events/refresh", decide: @escaping Decision) {
        self.path = path
        self.decide = decide
    }

    public func answer(_ ctx: Context, next: Next) -> Answer {
        guard ctx.request.path == path, ctx.request.method == .post else { return next.answer(ctx) }
        return .later(ctx) { try await refresh(ctx) }
    }

    private func refresh(_ ctx: Context) async throws -> Response {
        ctx.request.body.limit(to: 4096)
        let fields = try BodyFields(try await ctx.request.body.collect(), of: ctx.request, ctx.environment.json)
        guard let id = fields.text("client").flatMap({ EventClient.ID($0) }) else {
            throw HTTPError(
                .badRequest, "The client is missing or is no id.", fieldErrors: FieldErrors("client", "is required"))
        }
        guard let client = ctx.sse.client(id), let time = try await decide(ctx, client), time > .zero else {
            // The same for a stream that is gone and one of somebody else: ids tell nothing.
            throw HTTPError(.forbidden, "The stream cannot be refreshed.")
        }
        ctx.sse.refresh(id, for: time)
        return try Envelope.ok(data: ["seconds": time / .seconds(1)]).response(for: ctx)
    }
}
