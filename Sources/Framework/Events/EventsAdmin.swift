import HTTPTypes

/// The figures of the live streams, and control over them, for operators: mount it with
/// `app.mount(EventsAdmin { ctx in ctx.session["role"] == "admin" })`.
///
/// - `GET /admin/events`: `EventStatistics` as JSON.
/// - `GET /admin/events/streams`: the open streams.
/// - `POST /admin/events/close` with `client`, `user` or `topic`, and perhaps `reconnect=false`: ends those streams.
@Controller("/admin/events", isDiscovered: false)
public struct EventsAdmin {
    /// Keeps everyone out whom the app does not allow.
    public let middleware: [any Middleware]

    /// - Parameter isAllowed: true for a request that may see and do this; any other gets 403.
    public init(isAllowed: @escaping @Sendable (Context) async throws -> Bool) {
        middleware = [OperatorsOnly(isAllowed: isAllowed)]
    }

    struct OpenStream: Encodable {
        let id: EventClient.ID
        let user: String?
        let address: String
        let port: Int
    }

    /// The figures.
    func index(_ ctx: Context) async -> EventStatistics { await ctx.sse.statistics }

    /// The open streams.
    func streams(_ ctx: Context) -> [OpenStream] {
        ctx.sse.clients.map {
            OpenStream(id: $0.id, user: $0.user, address: $0.connection.address, port: $0.connection.port)
        }
    }

    /// Ends the stream of a client, those of a user, or those on a topic, and says how many that were.
    @POST(maxBodyBytes: 4096)
    func close(
        client: EventClient.ID?, user: String?, topic: String?, reconnect: Bool = true, _ ctx: Context
    ) throws -> [String: Int] {
        let clients: [EventClient]
        if let client {
            clients = ctx.sse.client(client).map { [$0] } ?? []
        } else if let user {
            clients = ctx.sse.clients(of: user)
        } else if let topic {
            clients = ctx.sse.clients(on: Topic(topic))
        } else {
            throw HTTPError(.badRequest, "One of client, user and topic must be given.")
        }
        return ["closed": clients.filter { ctx.sse.closeClient($0.id, reconnect: reconnect) }.count]
    }
}

/// Lets those in that the app says.
private struct OperatorsOnly: Middleware {
    let isAllowed: @Sendable (Context) async throws -> Bool

    func respond(to ctx: Context, next: Next) async throws -> Response {
        guard try await isAllowed(ctx) else { throw HTTPError(.forbidden, "This is for operators.") }
        return try await next(ctx)
    }
}
