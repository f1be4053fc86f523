import Martlet

/// One room among many: what others subscribe to, and what was published elsewhere, is to cost it nothing.
@Controller
struct RoomController {
    private static let rooms = 0..<10_000
    private static let patterns = 0..<1000

    /// GET /room: the events of one room, by a pattern
    func index(_ ctx: Context) -> EventStream { ctx.sse.open(patterns: ["room/7/*"]) }

    /// POST /room: publishes the body `n` times in that room.
    @POST func index(@Query n: Int = 1, _ ctx: Context) async throws -> String {
        let text = String(buffer: try await ctx.request.body.collect())
        for _ in 0..<n { try await ctx.sse.publish(event: "message", data: text, to: "room/7/messages") }
        return "ok"
    }

    /// GET /room/all: the news of every room, each by its name
    func all(_ ctx: Context) -> EventStream { ctx.sse.open(topics: Self.rooms.map { "room/\($0)/news" }) }

    /// GET /room/patterns: a thousand patterns that reach other topics of these rooms
    func patterns(_ ctx: Context) throws -> EventStream {
        ctx.sse.open(patterns: try Self.patterns.map { try TopicPattern("room/*/\($0)") })
    }

    /// POST /room/news: an event for each room, which the history keeps.
    @POST func news(_ ctx: Context) async throws {
        for room in Self.rooms { try await ctx.sse.publish(event: "news", data: "x", to: "room/\(room)/news") }
    }
}
