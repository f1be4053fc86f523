import HTTPTypes

/// The figures of the live streams, and control over them, for operators.
///
/// - `GET path`: `EventStatistics` as JSON.
/// - `GET path/streams`: the open streams.
/// - `POST path/close` with `client`, `user` or `topic`, and perhaps `reconnect=false`: ends those streams.
///
///     app.use(EventsAdmin("/admin/events") { ctx in ctx.session["role"] == "admin" })
public struct EventsAdmin: ImmediateMiddleware {
    private let path: String
    private let isAllowed: @Sendable (Context) async throws -> Bool

    /// - Parameter isAllowed: who may see and do this; everyone else gets 403.
    public init(_ path: String = "/admin/events", isAllowed: @escaping @Sendable (Context) async throws -> Bool) {
        self.path = path
        self.isAllowed = isAllowed
    }

    private struct Stream: Encodable {
        let id: EventClient.ID
        let user: String?
        let address: String
        let port: Int
    }

    public func answer(_ ctx: Context, next: Next) -> Answer {
        guard ctx.request.path == path || ctx.request.path.hasPrefix(path + "/") else { return next.answer(ctx) }
        return .later(ctx) { try await respond(ctx) }
    }

    private func respond(_ ctx: Context) async throws -> Response {
        let request = ctx.request
        guard try await isAllowed(ctx) else { throw HTTPError(.forbidden, "This is for operators.") }
        switch (request.method, request.path.dropFirst(path.count)) {
        case (.get, ""):
            return try ActionResult.response(await ctx.sse.statistics, ctx)
        case (.get, "/streams"):
            let streams = ctx.sse.clients.map {
                Stream(id: $0.id, user: $0.user, address: $0.connection.address, port: $0.connection.port)
            }
            return try ActionResult.response(streams, ctx)
        case (.post, "/close"):
            return try await close(ctx)
        case (_, ""), (_, "/streams"):
            throw HTTPError(.methodNotAllowed, headers: [.allow: "GET"])
        case (_, "/close"):
            throw HTTPError(.methodNotAllowed, headers: [.allow: "POST"])
        default:
            throw HTTPError(.notFound)
        }
    }

    private func close(_ ctx: Context) async throws -> Response {
        ctx.request.body.limit(to: 4096)
        let fields = try BodyFields(try await ctx.request.body.collect(), of: ctx.request, ctx.environment.json)
        let clients: [EventClient]
        if let id = fields.text("client") {
            clients = EventClient.ID(id).flatMap { ctx.sse.client($0) }.map { [$0] } ?? []
        } else if let user = fields.text("user") {
            clients = ctx.sse.clients(of: user)
        } else if let topic = fields.text("topic") {
            clients = ctx.sse.clients(on: Topic(topic))
        } else {
            throw HTTPError(.badRequest, "One of client, user and topic must be given.")
        }
        let reconnect = fields.text("reconnect").flatMap(Bool.init(field:)) ?? true
        let closed = clients.filter { ctx.sse.closeClient($0.id, reconnect: reconnect) }
        return try ActionResult.response(["closed": closed.count], ctx)
    }
}
