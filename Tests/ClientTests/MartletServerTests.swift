import Martlet
import MartletClient
import Testing

@Controller("/")
struct FeedController {
    @GET("feed") func feed(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in try client.send(event: "hello", data: "from the server", id: "1") }
    }

    @POST("say") func say(message: String, _ ctx: Context) throws {
        try ctx.sse.post(event: "said", data: message, to: .everyone)
    }

    @POST("upload") func upload(_ ctx: Context) async throws -> String {
        String(buffer: try await ctx.request.body.collect())
    }
}

private struct FeedApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.controllers(FeedController.self)
        app.mount(ClientScript())
    }
}

/// Both ends of the wire.
@Suite(.timeLimit(.minutes(1))) struct MartletServerTests {
    private func start(port: Int = 0) async throws -> Server {
        try await Server.start(FeedApp(), at: .init(port: port), threads: 1) { $0.logger.logLevel = .error }
    }

    @Test func `a client follows a server through its restarts`() async throws {
        var server = try await start()
        let port = server.address.port
        var configuration = EventSource.Configuration()
        configuration.retry = .milliseconds(50)
        configuration.retryRange = .milliseconds(50)...(.milliseconds(50))
        configuration.backoff = .none
        let source = EventSource("\(server.address)/feed", configuration: configuration)
        let reading = Reading(source)
        let web = WebClient("\(server.address)")
        for round in 1...3 {
            // The new process knows nothing of the old one's ids, and says so.
            if round > 1 { #expect(await reading.next().resumeVerdict == ResumeVerdict(outcome: .reset)) }
            let hello = await reading.next()
            #expect(hello == .init(event: "hello", data: "from the server", lastEventID: "1"))
            #expect(try await web.post("/say", form: ["message": "round \(round)\r\nnext line"]).status == .noContent)
            let said = await reading.next()
            #expect([said.event, said.data] == ["said", "round \(round)\nnext line"])
            #expect(said.lastEventID != "1")
            await server.shutDown()
            if round < 3 { server = try await start(port: port) }
        }
        source.close()
        #expect(await reading.end == nil)
    }

    @Test func `a server reads what a client sends as multipart`() async throws {
        let server = try await start()
        var body = MultipartBody()
        body.add("title", "\"ä\"")
        body.add("file", file: .init(bytes: [1, 2, 3]), named: "x\"y.bin")
        let response = try await WebClient("\(server.address)").post("/upload", multipart: body)
        await server.shutDown()
        #expect(response.text.contains("name=\"title\"\r\n\r\n\"ä\"\r\n"), "\(response.text)")
        #expect(response.text.contains("filename=\"x%22y.bin\""))
    }

    @Test func `the script is served with a tag, and not sent again`() async throws {
        let server = try await start()
        let web = WebClient("\(server.address)")
        let script = try await web.get("/martlet.js")
        #expect(script.status == .ok)
        #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
        #expect(script.text.contains("class SharedEventSource extends EventTarget"))
        let tag = try #require(script.headers[.eTag])
        for held in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let again = try await web.get("/martlet.js", headers: [.ifNoneMatch: held])
            #expect(again.status == .notModified)
            #expect(again.body.readableBytes == 0)
            #expect(again.headers[.eTag] == tag)
        }
        #expect(try await web.get("/martlet.js", headers: [.ifNoneMatch: "\"other\""]).status == .ok)
        let head = try await web.send(WebRequest(.head, "/martlet.js")).get()
        #expect(head.headers[.contentLength] == "\(script.body.readableBytes)")
        #expect(head.body.readableBytes == 0)
        #expect(try await web.post("/martlet.js").status == .methodNotAllowed)
        #expect(try await web.get("/martlet.js/").status == .ok)
        await server.shutDown()
    }
}
