import HTTPTypes
import MartletCore
import MartletTesting
import NIOCore
import Synchronization
import Testing

/// What a request for a stream is answered with, by way of the whole pipeline.
@Suite struct StreamRequestTests {
    @Controller
    struct LiveController {
        @GET func all(_ ctx: Context) throws -> EventStream {
            let patterns = ctx.lastTopics.filter { $0.contains("*") }
            return ctx.sse.open(
                topics: ctx.lastTopics.filter { !$0.contains("*") }.map { Topic($0) },
                patterns: try patterns.map { try TopicPattern($0) }, user: ctx.request.headers[.user],
                isCompressed: true)
        }

        @GET func expiring(_ ctx: Context) -> EventStream {
            ctx.sse.open(user: ctx.request.headers[.user], expiresAfter: .seconds(30))
        }

        @GET func task(_ ctx: Context) -> EventStream {
            ctx.sse.progress(total: 4) { progress in
                try progress.report(1, ["task_id": "7"])
                try progress.report(Int.max)
            }
        }

        @GET func bounded(_ ctx: Context) -> EventStream {
            ctx.sse.stream(user: ctx.request.headers[.user], expiresAfter: .seconds(30)) { [clock = ctx.clock] client in
                while true {
                    try client.send(data: "x")
                    try await clock.sleep(for: .seconds(10))
                }
            }
        }

        @GET func failing(_ ctx: Context) -> EventStream {
            ctx.sse.stream { client in
                try client.send(data: "1")
                throw HTTPError(.conflict, "no more")
            }
        }

        @GET func numbers() -> AsyncThrowingStream<[String: Int], any Error> {
            AsyncThrowingStream { numbers in
                numbers.yield(["n": 1])
                numbers.yield(["n": 2])
                numbers.finish(throwing: HTTPError(.badGateway, "the source broke"))
            }
        }
    }

    private let host: TestHost

    init() throws { host = try Self.host() }

    private static func host(_ configure: (inout AppBuilder) throws -> Void = { _ in }) throws -> TestHost {
        try TestHost(controllers: LiveController.self) { app in
            app.logger.logLevel = .critical
            try configure(&app)
        }
    }

    private func refusal(_ work: () async throws -> TestStream) async throws -> TestResponse {
        do {
            _ = try await work()
        } catch let error as UnexpectedResponse {
            return try #require(error.response)
        }
        throw TestFailure()
    }
    private struct TestFailure: Error {}

    @Test(arguments: [
        ("a", true), ("secret", false), ("room/1", true), ("room/9", false), ("room/*", false), ("room/**", false),
        ("open/*", true), ("open/1", true), ("**", false), ("*", false), ("a,secret", false), ("a/**/b", false),
        ("lobby/door", true), ("lobby/1", false), ("lobby/*", false), ("lobby/**", false),
    ])
    func `topics are authorised before the stream is registered`(topics: String, isAllowed: Bool) async throws {
        let host = try Self.host { app in
            try app.events.authorize("secret") { _, _ in false }
            try app.events.authorize("room/9") { _, _ in false }
            try app.events.authorize("room/*") { _, topic in true }
            try app.events.authorize("open/**") { _, _ in true }
            // The first rule that a pattern touches allows it, and does not speak for all of it.
            try app.events.authorize("lobby/door") { _, _ in true }
            try app.events.authorize("lobby/*") { _, _ in false }
        }
        let path = "/live/all?topics=\(topics.replacing("*", with: "%2A"))"
        if isAllowed {
            _ = try await host.client().stream(path)
            #expect(host.application.sse.clientCount == 1)
        } else {
            let response = try await refusal { try await host.client().stream(path) }
            #expect(response.status.code >= 400)
            if !topics.contains("**/") { #expect(response.status == .forbidden) }
            #expect(host.application.sse.clientCount == 0)
            #expect(await host.application.sse.statistics.streamsByAddress.isEmpty)
        }
    }

    enum Limit: CaseIterable { case all, user, address }

    @Test(arguments: Limit.allCases)
    func `over a limit a stream is answered with 503, and its place is given back`(limit: Limit) async throws {
        let host = try Self.host { app in
            switch limit {
            case .all: app.limits.maxStreams = 2
            case .user: app.limits.maxStreamsPerUser = 2
            case .address: app.limits.maxStreamsPerAddress = 2
            }
        }
        let headers: HTTPFields = [.user: "alice"]
        let first = try await host.client().stream("/live/all", headers: headers)
        _ = try await host.client().stream("/live/all", headers: headers)
        let response = try await refusal { try await host.client().stream("/live/all", headers: headers) }
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers[.retryAfter] != nil)
        #expect(await host.application.sse.statistics.refused == 1)
        await first.disconnect()
        _ = try await host.client().stream("/live/all", headers: headers)
        #expect(host.application.sse.clientCount == 2)
    }

    private struct Replacing: Middleware {
        func respond(to ctx: Context, next: Next) async throws -> Response {
            _ = try await next(ctx)
            return Response(status: .noContent)
        }
    }

    @Test func `a stream that middleware replaces, or that HEAD asked for, keeps no place`() async throws {
        let host = try Self.host { app in
            app.limits.maxStreams = 1
            app.use(Replacing())
        }
        for _ in 0..<3 { #expect(try await host.client().get("/live/all").status == .noContent) }
        let plain = try Self.host { $0.limits.maxStreams = 1 }
        for _ in 0..<3 { #expect(try await plain.client().request(.head, "/live/all").status == .ok) }
        #expect(await plain.application.sse.statistics.streamsByAddress.isEmpty)
    }

    @Test func `only a client that asks for it gets gzip`() async throws {
        let plain = try await host.client().stream("/live/all")
        #expect(plain.headers[.contentEncoding] == nil)
        #expect(plain.headers[.vary] == "Accept-Encoding")
        let gzip = try await host.client().stream("/live/all", headers: [.acceptEncoding: "gzip"])
        #expect(gzip.headers[.contentEncoding] == "gzip")
        let never = try await host.client().stream("/live/expiring", headers: [.acceptEncoding: "gzip"])
        #expect(never.headers[.contentEncoding] == nil)
    }

    @Test func `a client that is told to stay away gets 204 at its next connect`() async throws {
        let stream = try await host.client().stream("/live/all")
        #expect(
            host.application.sse.closeClient(try #require(host.application.sse.clients.first?.id), reconnect: false))
        try await stream.expect("martlet.close", data: #"{"reconnect":false}"#)
        #expect(await stream.hasEnded)
        let response = try await refusal { try await stream.reconnect() }
        #expect(response.status == .noContent)
        // A new one is welcome.
        _ = try await stream.reconnect(lastEventID: "")
    }

    @Test func `a client that comes back gets what it missed, by header or by query`() async throws {
        let stream = try await host.client().stream("/live/all")
        try await host.application.sse.publish(data: "1", to: .everyone)
        try await stream.expect("message", data: "1")
        await stream.disconnect()
        try await host.application.sse.publish(data: "2", to: .everyone)
        let again = try await stream.reconnect()
        try await again.expect("martlet.resume")
        try await again.expect("message", data: "2")
        try await again.none()
        let third = try await host.client().stream("/live/all?lastEventId=\(stream.lastEventID)")
        try await third.expect("martlet.resume", data: #"{"verdict":"resumed"}"#)
        try await third.expect("message", data: "2")
    }

    @Test(arguments: ["", "?", "%00", "%zz", "%ff", "a%0D%0Aid:x", String(repeating: "9", count: 4000)])
    func `an id that nobody gave is answered with reset, whatever it is`(id: String) async throws {
        let isNone = id.isEmpty
        let stream = try await host.client().stream("/live/expiring?lastEventId=\(id)")
        if !isNone { try await stream.expect("martlet.resume", data: #"{"verdict":"reset"}"#) }
        // The verdict is the first event.
        try await stream.expect("martlet.expiry")
    }

    @Test func `a stalled stream gets what waited when it reads again`() async throws {
        let stream = try await host.client().stream("/live/all")
        await stream.stall()
        try await host.application.sse.publish(data: "1", to: .everyone)
        try await stream.none()
        await stream.resume()
        try await stream.expect("message", data: "1")
        await #expect(throws: TestStreamError.self) { try await stream.expect("message") }
    }

    @Test func `a comment breaks the silence, and only silence`() async throws {
        let host = try Self.host { $0.limits.heartbeatJitter = 0 }
        let stream = try await host.client().stream("/live/all")
        let before = await stream.commentCount
        await host.advance(by: .seconds(14))
        #expect(await stream.commentCount == before)
        await host.advance(by: .seconds(2))
        #expect(await stream.commentCount == before + 1)
        for _ in 0..<4 {
            await host.advance(by: .seconds(10))
            try await host.application.sse.publish(data: "x", to: .everyone)
        }
        await host.advance(by: .seconds(10))
        #expect(await stream.commentCount == before + 1)
    }

    @Test func `jitter spreads the heartbeats of streams that fell silent together`() async throws {
        let host = try Self.host { $0.limits.heartbeatJitter = 0.5 }
        var streams: [TestStream] = []
        for _ in 0..<8 { streams.append(try await host.client().stream("/live/all")) }
        var early = 0
        await host.advance(by: .seconds(12))
        for stream in streams { early += await stream.commentCount }
        #expect(early > 0 && early < 8)
        await host.advance(by: .seconds(4))
        for stream in streams { #expect(await stream.commentCount >= 1) }
    }

    @Test func `a stream ends with its authorisation unless it is refreshed`() async throws {
        let host = try Self.host { app in
            app.mount(
                StreamRefresh { ctx, client in ctx.request.headers[.user] == client.user ? .seconds(60) : nil })
        }
        let alice: HTTPFields = [.user: "alice"]
        let kept = try await host.client().stream("/live/expiring", headers: alice)
        let other = try await host.client().stream("/live/expiring", headers: [.user: "bob"])
        struct Expiry: Decodable {
            let client: UInt64
            let seconds: Double
        }
        let expiry = try await kept.expect("martlet.expiry").json(Expiry.self)
        #expect(expiry.seconds == 30)
        let stranger = try await host.client().post("/events/refresh", form: ["client": "\(expiry.client)"])
        #expect(stranger.status == .forbidden)
        let missing = try await host.client().post("/events/refresh", form: ["client": "99"], headers: alice)
        #expect(missing.status == .forbidden)
        #expect(try await host.client().post("/events/refresh", form: [:], headers: alice).status == .badRequest)
        let refreshed = try await host.client().post(
            "/events/refresh", form: ["client": "\(expiry.client)"], headers: alice)
        #expect(refreshed.status == .ok)
        await host.advance(by: .seconds(32))
        #expect(await other.hasEnded)
        #expect(await kept.hasEnded == false)
        await host.advance(by: .seconds(32))
        try await kept.expect("martlet.expired")
        #expect(await kept.hasEnded)
        #expect(await host.application.sse.statistics.loops[0].expired == 2)
    }

    @Test func `a stream with a body of its own expires, too, and its body with it`() async throws {
        let stream = try await host.client().stream("/live/bounded")
        try await stream.expect("martlet.expiry")
        await host.advance(by: .seconds(32))
        let events = await stream.pending().map(\.event)
        #expect(events.last == "martlet.expired")
        #expect((3...4).contains(events.count { $0 == "message" }))
        #expect(await stream.hasEnded)
        #expect(host.clock.sleeperCount <= 1, "only the heartbeat sleeps on")
    }

    @Test func `a stream that does not expire is not made to by a refresh`() async throws {
        let stream = try await host.client().stream("/live/all")
        #expect(host.application.sse.refresh(try #require(host.application.sse.clients.first?.id), for: .seconds(1)))
        await host.advance(by: .seconds(10))
        #expect(await !stream.hasEnded)
    }

    @Test func `a shutdown tells every client when to come back and ends the streams over the window`() async throws {
        let host = try Self.host { app in
            app.limits.drainWindow = .seconds(1)
            app.limits.reconnectSpread = .seconds(2)...(.seconds(4))
        }
        var streams: [TestStream] = []
        for _ in 0..<100 { streams.append(try await host.client().stream("/live/all")) }
        let shutdown = Task { await host.application.sse.shutDown() }
        while host.application.sse.clientCount == 100 { await Task.yield() }
        await host.advance(by: .milliseconds(480))
        let half = host.application.sse.clientCount
        #expect(half > 20 && half < 80)
        await host.advance(by: .seconds(1))
        await shutdown.value
        #expect(host.application.sse.clientCount == 0)
        var times: Set<Duration> = []
        for stream in streams {
            #expect(await stream.hasEnded)
            let time = try #require(stream.reconnectionTime)
            #expect(time >= .seconds(2) && time <= .seconds(4))
            times.insert(time)
        }
        #expect(times.count > 50)
        // Whoever comes now is sent away at once.
        let late = try await host.client().stream("/live/all")
        #expect(await late.hasEnded)
        #expect(try #require(late.reconnectionTime) >= .seconds(2))
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func `progress reports, then completes`() async throws {
        let stream = try await host.client().stream("/live/task")
        #expect(try await stream.expect("progress").json([String: Field].self)["percent"]?.text == "25")
        #expect(try await stream.expect("progress").json([String: Field].self)["percent"]?.text == "100")
        try await stream.expect("complete", data: #"{"status":"done"}"#)
        #expect(await stream.hasEnded)
    }

    /// A number or a text.
    private struct Field: Decodable {
        let text: String
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            text = try (try? container.decode(Int.self)).map(String.init) ?? container.decode(String.self)
        }
    }

    private struct Failure: Decodable {
        let status: Int
        let detail: String?
    }

    @Test func `an error after the head is the last event`() async throws {
        let failing = try await host.client().stream("/live/failing")
        try await failing.expect("message", data: "1")
        #expect(try await failing.expect("martlet.error").json(Failure.self).status == 409)
        #expect(await failing.hasEnded)
        let numbers = try await host.client().stream("/live/numbers")
        try await numbers.expect("message", data: #"{"n":1}"#)
        try await numbers.expect("message", data: #"{"n":2}"#)
        let failure = try await numbers.expect("martlet.error").json(Failure.self)
        #expect(failure.status == 502)
        #expect(failure.detail == "the source broke")
        #expect(await numbers.hasEnded)
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func `operators see and close streams, and nobody else does`() async throws {
        let host = try Self.host { app in
            app.mount(EventsAdmin { ctx in ctx.request.headers[.authorization] == "ops" })
        }
        let ops: HTTPFields = [.authorization: "ops"]
        let streams = [
            try await host.client().stream("/live/all?topics=a", headers: [.user: "alice"]),
            try await host.client().stream("/live/all?topics=b"), try await host.client().stream("/live/all"),
        ]
        for (method, path) in [("GET", ""), ("GET", "/streams"), ("POST", "/close")] {
            let method = try #require(HTTPRequest.Method(rawValue: method))
            #expect(try await host.client().request(method, "/admin/events\(path)").status == .forbidden)
        }
        struct Figures: Decodable { let streams: Int }
        #expect(try await host.client().get("/admin/events", headers: ops).json(Figures.self).streams == 3)
        struct Row: Decodable {
            let id: UInt64
            let user: String?
        }
        let rows = try await host.client().get("/admin/events/streams", headers: ops).json([Row].self)
        #expect(rows.map(\.user) == ["alice", nil, nil])
        let path = "/admin/events/close"
        #expect(try await host.client().post(path, form: [:], headers: ops).status == .badRequest)
        #expect(try await host.client().get(path, headers: ops).status == .methodNotAllowed)
        for form: KeyValuePairs in [
            ["user": "alice"], ["topic": "b"], ["client": "\(rows[2].id)", "reconnect": "false"],
        ] {
            #expect(try await host.client().post(path, form: form, headers: ops).text == #"{"closed":1}"#)
        }
        for stream in streams { #expect(await stream.hasEnded) }
        try await streams[2].expect("martlet.close")
        #expect(try await host.client().post(path, form: ["client": "99"], headers: ops).text == #"{"closed":0}"#)
        #expect(try await host.client().post(path, form: ["client": "x"], headers: ops).status == .badRequest)
    }
}

extension Context {
    fileprivate var lastTopics: [String] {
        ((try? request.query["topics"]) ?? "").split(separator: ",").map(String.init)
    }
}

extension HTTPField.Name {
    fileprivate static let user = HTTPField.Name("X-User")!
}
