import EventModel
import Martlet
import MartletTesting
import Testing

/// Topics that hold what users send.
@Suite struct TopicTests {
    private func host() throws -> TestHost { try TestHost(controllers: TopicController.self) }

    @Test(arguments: ["*", "**", "a/b", "a*", "/", "", "%2A"])
    func `a segment from a request is a segment, or the request is refused`(room: String) async throws {
        let client = try host().client()
        let escaped = room == "%2A" ? "%252A" : room.replacing("*", with: "%2A")
        let isGood = room == "%2A"
        if isGood {
            _ = try await client.stream("/topic/room?room=\(escaped)")
        } else {
            let refusal = await #expect(throws: UnexpectedResponse.self) {
                try await client.stream("/topic/room?room=\(escaped)")
            }
            #expect(refusal?.response?.status == .badRequest)
        }
        for path in ["say", "keep"] {
            let said = try await client.post("/topic/\(path)", form: ["room": room])
            #expect(said.status == (isGood ? .noContent : .badRequest), "\(path)")
        }
    }

    @Test func `a pattern where a topic stands is an error that says what to write`() async throws {
        let host = try host()
        await #expect(throws: UnexpectedResponse.self) { try await host.client().stream("/topic/old") }
        #expect(host.log.contains { "\($0)".contains("patterns: [") }, "\(host.log)")
        await #expect(throws: UnexpectedResponse.self) { try await host.client().stream("/topic/malformed") }
    }

    @Test func `patterns and paths are asked for by name`() async throws {
        let client = try host().client()
        let all = try await client.stream("/topic/all")
        let one = try await client.stream("/topic/deep?path=lobby/left")
        try await client.post("/topic/say-deep", form: ["path": "lobby/left"])
        try await all.expect("said", data: "x")
        try await one.expect("said", data: "x")
    }

    @Test func `a text is a topic as it is`() {
        let name = "a/b"
        #expect("room/\(1)" as Topic == Topic("room/1"))
        #expect(("room/\(path: name)" as Topic).description == "room/a/b")
    }

    @Test func `an audience that is a text is a topic`() throws {
        #expect("room/1" as EventAudience == .topic("room/1"))
        #expect("room/\(1)" as EventAudience == .topic(Topic("room/1")))
        #expect("room/\(path: "a/b")" as EventAudience == .topic("room/a/b"))
        let host = try TestHub()
        let sink = try host.sink(["room/1"])
        host.run()
        let topic = "room/1"
        try host.hub.post(data: "0", to: "room/1")
        try host.hub.post(data: "1", to: "room/\(1)")
        try host.hub.post(data: "2", to: .topic(Topic(topic)))
        for bad: EventAudience in ["", "room/*", "\("a/b")", .topic(Topic(String(repeating: "x", count: 1025)))] {
            #expect(throws: TopicError.self, "\(bad)") { try host.hub.post(data: "x", to: bad) }
        }
        host.run()
        #expect(sink.events.map(\.data) == ["0", "1", "2"])
    }
}

@Controller("topic")
struct TopicController {
    @GET func room(room: String, _ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/\(room)"]) }
    @POST func say(room: String, _ ctx: Context) throws { try ctx.sse.post(data: "x", to: "room/\(room)") }
    @POST func keep(room: String, _ ctx: Context) async throws {
        try await ctx.sse.publish(data: "x", to: "room/\(room)")
    }
    @GET func old(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/*"]) }
    @GET func malformed(_ ctx: Context) -> EventStream { ctx.sse.open(patterns: ["room*"]) }
    @GET func all(_ ctx: Context) -> EventStream { ctx.sse.open(patterns: ["room/**"]) }
    @GET func deep(path: String, _ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/\(path: path)"]) }
    @POST func sayDeep(path: String, _ ctx: Context) throws {
        try ctx.sse.post(event: "said", data: "x", to: "room/\(path: path)")
    }
}
