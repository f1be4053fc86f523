import Foundation
import Martlet
import MartletSQLite

/// What the harness torments: an application with durable topics and nothing else. No user of the framework needs it.
struct SoakApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let environment = ProcessInfo.processInfo.environment
        guard let file = environment["EVENTS_FILE"] else { throw StartupError("EVENTS_FILE names no file.") }
        let history = SQLiteHistory(file, handoverTimeout: .seconds(30))
        switch environment["SOAK_PLANT"] {
        case nil, "": app.events.store = history
        case "lose": app.events.store = LosingHistory(history)
        case let plant?: throw StartupError("There is no bug '\(plant)' to plant.")
        }
        app.events.history.maxEventsPerTopic = environment["SOAK_MAX_EVENTS"].flatMap { Int($0) } ?? 1000
        // Clocks jump by an hour; the ages of events must not decide what the checker sees.
        app.events.history.maxAge = .seconds(24 * 3600)
        try app.events.topic("drop/**") { $0.slowReaders = .dropOldest }
        // By who published it.
        try app.events.topic("last/**") { topic in
            topic.slowReaders = .latestOnly(key: { event in
                String((event.data ?? "").split(separator: " ").dropFirst().first ?? "")
            })
        }
        try app.events.topic("hold/**") { $0.slowReaders = .suspendPublisher }
        app.limits.maxStreamBacklogBytes = 64 * 1024
        app.limits.heartbeat = .seconds(1)
        app.limits.drainWindow = .milliseconds(300)
        app.limits.reconnectSpread = .milliseconds(50)...(.milliseconds(300))
        app.logger.logLevel = .error
    }
}

@Controller
struct SoakController {
    struct Published: Encodable {
        let id: String?
    }

    struct Figures: Encodable {
        let streams: Int
        let historyEvents: Int
        let historyBytes: Int
        let replayed: Int
        let dropped: Int
        let disconnected: Int
    }

    /// GET /soak/stream; `topics` with commas between. A client that does not say where it was gets all that is kept.
    func stream(topics: String, user: String?, _ ctx: Context) throws -> EventStream {
        let names = topics.split(separator: ",").map(String.init)
        return ctx.sse.open(
            topics: names.filter { !$0.contains("*") }.map { Topic($0) },
            patterns: try names.filter { $0.contains("*") }.map { try TopicPattern($0) }, user: user, replay: .all,
            isCompressed: true)
    }

    /// POST /soak/publish, answered when the event is stored; `topic` may be `@all` and `@user/` with a name
    @POST func publish(topic: String, data: String, _ ctx: Context) async throws -> Published {
        if topic == "@all" { return Published(id: try await ctx.sse.publish(data: data, to: .everyone).id) }
        if topic.hasPrefix("@user/") {
            return Published(id: try await ctx.sse.publish(data: data, to: .user(String(topic.dropFirst(6)))).id)
        }
        return Published(id: try await ctx.sse.publish(data: data, to: .topic(Topic(topic))).id)
    }

    /// GET /soak/figures
    func figures(_ ctx: Context) async -> Figures {
        let all = await ctx.sse.statistics
        return Figures(
            streams: all.streams, historyEvents: all.historyEvents, historyBytes: all.historyBytes,
            replayed: all.loops.reduce(0) { $0 + $1.replayed }, dropped: all.loops.reduce(0) { $0 + $1.dropped },
            disconnected: all.loops.reduce(0) { $0 + $1.disconnected })
    }
}

@main enum Main {
    static func main() async { await SoakApp.main() }
}
