import Martlet
import Synchronization

// MARK: - Topics and typed events

@ServerEvents
enum ChatEvent: Equatable {
    case joined(user: String)
    case said(user: String, text: String)
}

@Controller
struct RoomsController {
    static let topics: Set = ["room/lobby", "room/garden"]

    /// GET /rooms/stream?room=lobby: the last 20 lines, then what is said
    func stream(room: String, _ ctx: Context) -> EventStream {
        ctx.sse.open(topics: ["room/\(room)"], user: ctx.session["user_id"], replay: .last(20))
    }

    /// POST /rooms/say
    @POST func say(room: String, text: String, _ ctx: Context) throws -> Envelope {
        guard let user = ctx.session["user_id"] else { throw HTTPError(.unauthorized) }
        guard Self.topics.contains("room/\(room)") else { throw HTTPError(.notFound) }
        try ctx.sse.post(ChatEvent.said(user: user, text: text), to: "room/\(room)")
        return .ok()
    }

    /// GET /rooms/users?room=lobby
    func users(room: String, _ ctx: Context) -> [String] { ctx.sse.users(on: "room/\(room)") }
}

@Controller
struct ChatSchemaController {
    /// GET /chat-schema: what a client may expect
    func index() -> [String: [String: String]] {
        var events: [String: [String: String]] = [:]
        for schema in ChatEvent.eventSchemas {
            guard case .fields(let fields) = schema.payload else { continue }
            events[schema.name] = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, "\($0.type)") })
        }
        return events
    }
}

/// Counts who is there.
final class Visits: Sendable {
    private let count = Mutex(0)
    var now: Int { count.withLock { $0 } }
    func add(_ number: Int) { count.withLock { $0 += number } }
}

@Controller
struct VisitsController {
    let visits: Visits

    func index() -> [String: Int] { ["now": visits.now] }
}

struct RoomsApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.use(Sessions(.memory))
        try app.events.authorize("room/**") { ctx, topic in
            ctx.session["user_id"] != nil && RoomsController.topics.contains(topic)
        }
        let visits = Visits()
        app.services.add(visits)
        app.events.onJoin { _ in visits.add(1) }
        app.events.onLeave { _ in visits.add(-1) }
        app.controllers(RoomsController.self, VisitsController.self, TestLoginController.self)
    }
}

struct GreetingApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.events.onJoin { client, hub in
            if let user = client.user { _ = try? hub.post(event: "joined", data: user, to: "lobby") }
        }
    }
}

// MARK: - History and slow readers

struct PricesApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.events.history.maxEventsPerTopic = 200
        app.events.history.maxAge = .seconds(60 * 60)
        try app.events.topic("prices/*") { $0.slowReaders = .latestOnly(key: { $0.event ?? "" }) }
        try app.events.topic("log/**") { topic in
            topic.slowReaders = .dropOldest
            topic.keepsHistory = false
        }
        app.controllers(PricesController.self)
    }
}

@Controller
struct PricesController {
    /// GET /prices/stream
    func stream(_ ctx: Context) -> EventStream {
        ctx.sse.open(patterns: ["prices/*"], isCompressed: true)
    }

    /// POST /prices/set: answered when the event is kept
    @POST func set(name: String, price: Double, _ ctx: Context) async throws -> Envelope {
        try await ctx.sse.publish(event: name, data: ["price": price], to: "prices/\(name)")
        return .ok()
    }
}

// MARK: - Progress

@Controller
struct ExportController {
    /// GET /export/run
    func run(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.progress(total: 40) { progress in
            for row in 1...40 {
                try await clock.sleep(for: .milliseconds(50))
                try progress.report(row, ["row": "\(row)"])
            }
        }
    }
}

// MARK: - Streams that expire, and operators

@Controller
struct InboxController {
    /// GET /inbox/stream: for 15 minutes, unless it is refreshed
    func stream(_ ctx: Context) throws -> EventStream {
        guard let user = ctx.session["user_id"] else { throw HTTPError(.unauthorized) }
        return ctx.sse.open(user: user, expiresAfter: .seconds(15 * 60))
    }
}

struct InboxApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.use(Sessions(.memory))
        app.mount(
            StreamRefresh { ctx, client in
                guard let user = client.user, user == ctx.session["user_id"] else { return nil }
                return .seconds(15 * 60)
            })
        app.mount(EventsAdmin { ctx in ctx.session["user_id"] == "admin" })
        app.controllers(InboxController.self, TestLoginController.self)
    }
}
