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
        let said = try await client.post("/topic/say", form: ["room": room])
        #expect(said.status == (isGood ? .noContent : .badRequest))
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
}

@Controller("topic")
struct TopicController {
    @GET func room(room: String, _ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/\(room)"]) }
    @POST func say(room: String, _ ctx: Context) throws { try ctx.sse.publish(to: "room/\(room)", data: "x") }
    @GET func old(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/*"]) }
    @GET func malformed(_ ctx: Context) -> EventStream { ctx.sse.open(patterns: ["room*"]) }
    @GET func all(_ ctx: Context) -> EventStream { ctx.sse.open(patterns: ["room/**"]) }
    @GET func deep(path: String, _ ctx: Context) -> EventStream { ctx.sse.open(topics: ["room/\(path: path)"]) }
    @POST func sayDeep(path: String, _ ctx: Context) throws {
        try ctx.sse.publish(to: "room/\(path: path)", event: "said", data: "x")
    }
}
