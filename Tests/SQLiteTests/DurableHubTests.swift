import Foundation
import Martlet
import MartletSQLite
import MartletTesting
import Testing

/// An application with durable events, before and after a restart.
@Suite struct DurableHubTests {
    @Controller struct FeedController {
        private struct Published: Encodable {
            let id: String?
        }

        func stream(topics: String, _ ctx: Context) -> EventStream {
            ctx.sse.open(topics: topics.split(separator: ",").map { Topic(String($0)) }, user: "7")
        }

        @POST func publish(topic: String, data: String, _ ctx: Context) async throws -> Envelope {
            .ok(data: Published(id: try await ctx.sse.publish(data: data, to: .topic(Topic(topic))).id))
        }
    }

    private struct Reply: Decodable {
        struct Content: Decodable { let id: String }
        let data: Content
    }

    let folder: TemporaryFolder
    let history: SQLiteHistory
    init() throws {
        folder = try TemporaryFolder()
        history = SQLiteHistory(
            folder.path("events.db"), busyTimeout: .milliseconds(20), handoverTimeout: .zero)
    }

    private func start(_ change: (inout EventSettings) throws -> Void = { _ in }) throws -> TestHost {
        try TestHost(controllers: FeedController.self) { builder in
            builder.events.store = history
            try change(&builder.events)
        }
    }

    private func publish(_ data: String, to topic: String, _ host: TestHost) async throws -> String {
        let reply = try await host.client().post("/feed/publish", form: ["topic": topic, "data": data])
        #expect(reply.status == .ok)
        return try reply.json(Reply.self).data.id
    }

    private func resume(_ topics: String, after id: String, _ host: TestHost) async throws -> [String] {
        let stream = try await host.client().stream("/feed/stream?topics=\(topics)&lastEventId=\(id)")
        return await stream.pending().map { $0.event == "martlet.resume" ? $0.data : "\($0.event) \($0.data)" }
    }

    private let resumed = #"{"verdict":"resumed"}"#

    @Test func `a client resumes after a restart, with all that was acknowledged`() async throws {
        var host: TestHost? = try start()
        var first = ""
        if let host {
            let stream = try await host.client().stream("/feed/stream?topics=a")
            first = try await publish("1", to: "a", host)
            #expect(try await stream.next().lastEventID == first)
            for data in ["2", "3"] { _ = try await publish(data, to: "a", host) }
            _ = try await publish("other", to: "b", host)
        }
        host = nil
        try history.close()

        let next = try start()
        let stream = try await next.client().stream("/feed/stream?topics=a&lastEventId=\(first)")
        let last = try await publish("4", to: "a", next)
        let events = await stream.pending()
        #expect(events.map(\.data) == [resumed, "2", "3", "4"])
        #expect(events.last?.lastEventID == last)
        #expect(first.prefix { $0 != "-" } == last.prefix { $0 != "-" }, "one numbering for both")
    }

    /// The place at which a client is that has had nothing yet, as the server tells it.
    private func place(_ host: TestHost) async throws -> String {
        let stream = try await host.client().stream("/feed/stream?topics=a&lastEventId=unknown-1")
        return try await stream.next().lastEventID
    }

    @Test func `processes that store nothing hand out ids that every later one knows`() async throws {
        var ids: [String] = []
        for process in 0..<20 {
            let host = try start()
            for id in ids { #expect(try await resume("a", after: id, host) == [resumed], "\(id) in \(process)") }
            ids.append(try await place(host))
            try history.close()
        }
        #expect(Set(ids).count == ids.count)
    }

    @Test func `a numbering at its end ends the start-up with a sentence`() async throws {
        _ = try start()
        try history.withDatabase { try $0.execute(sql: "UPDATE martlet_history SET last_sequence = (1 << 62) - 1") }
        _ = try await publish("last", to: "a", try start())
        let error = #expect(throws: StartupError.self) { try start() }
        #expect(error?.description.contains("has no numbers left") == true)
    }

    @Test func `what one topic has lost is not announced to the clients of another`() async throws {
        let few: (inout EventSettings) -> Void = { $0.history.maxEventsPerTopic = 2 }
        let host = try start(few)
        let quiet = try await publish("q1", to: "quiet", host)
        let busy = try await publish("b0", to: "busy", host)
        _ = try await publish("q2", to: "quiet", host)
        for number in 1...5 { _ = try await publish("b\(number)", to: "busy", host) }
        try history.close()

        let next = try start(few)
        #expect(try await resume("quiet", after: quiet, next) == [resumed, "message q2"])
        let partial = try await resume("busy", after: busy, next)
        #expect(partial.first?.contains(#""verdict":"partial""#) == true)
        #expect(partial.dropFirst() == ["message b4", "message b5"])
    }

    @Test func `an event that cannot be stored is its publisher's error, and nobody gets it`() async throws {
        let host = try start()
        let stream = try await host.client().stream("/feed/stream?topics=a")
        let before = try await publish("before", to: "a", host)
        let other = try OtherProgram(folder.path("events.db"))
        try other.lock()
        let reply = try await host.client().post("/feed/publish", form: ["topic": "a", "data": "phantom"])
        #expect(reply.status == .internalServerError)
        try other.unlock()
        _ = try await publish("after", to: "a", host)
        #expect(await stream.pending().map(\.data) == ["before", "after"])
        #expect(try await resume("a", after: before, host) == [resumed, "message after"])
        try history.close()
        #expect(try await resume("a", after: before, try start()) == [resumed, "message after"])
    }

    @Test func `a history that cannot be read ends the start-up with a sentence`() throws {
        try Data("this is a text and no database".utf8).write(to: URL(filePath: folder.path("events.db")))
        let error = #expect(throws: StartupError.self) { try start() }
        #expect(error?.description.hasPrefix("The history of events cannot be read: the file '") == true)
        #expect(error?.description.contains("events.db' is damaged or no SQLite file") == true)
    }
}
