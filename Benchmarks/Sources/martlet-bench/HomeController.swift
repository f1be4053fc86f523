import Martlet

struct Message: Codable {
    var message: String
}

/// What every system of the benchmark offers.
@Controller
struct HomeController {
    /// GET /plaintext
    func plaintext() -> String { "Hello, World!" }

    /// GET /json
    func json() -> Message { Message(message: "Hello, World!") }

    /// GET /user/{id}
    @GET("user/{id}") func user(id: Int) -> String { "\(id)" }

    /// GET /events
    func events(_ ctx: Context) -> EventStream { ctx.sse.open() }

    /// GET /compressed: the same events for clients that accept gzip
    func compressed(_ ctx: Context) -> EventStream { ctx.sse.open(isCompressed: true) }

    /// POST /pub: publishes the body `n` times.
    @POST func pub(@Query n: Int = 1, _ ctx: Context) async throws -> String {
        let text = String(buffer: try await ctx.request.body.collect())
        for _ in 0..<n { try await ctx.sse.publish(event: "message", data: text, to: .everyone) }
        return "ok"
    }

    /// GET /feed: what slow readers do not hold up
    func feed(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["feed"]) }

    /// GET /feed/stalled: the same for clients of which more waits than they may have waiting
    @GET("feed/stalled") func stalledFeed(_ ctx: Context) -> EventStream {
        ctx.sse.open(topics: ["feed", "stalled"])
    }

    /// POST /feed/{topic}: publishes the body `n` times.
    @POST("feed/{topic}") func publish(topic: String, @Query n: Int = 1, _ ctx: Context) async throws -> String {
        let text = String(buffer: try await ctx.request.body.collect())
        for _ in 0..<n { try await ctx.sse.publish(event: "message", data: text, to: .topic(Topic(topic))) }
        return "ok"
    }

    /// POST /log-in: a session for the requests that follow.
    @POST func logIn(_ ctx: Context) { ctx.auth.signIn(User(id: "1", name: "Ann", roles: ["admin"])) }
}
