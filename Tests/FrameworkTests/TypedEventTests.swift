import Martlet
import MartletTesting
import Testing

/// What the chat of these tests says.
@ServerEvents
enum SaidEvent: Equatable {
    /// Somebody said something.
    case said(user: String, text: String, at: Int?)
    case left(user: String)
    case line(SaidLine)
    case cleared
    case `default`(isOn: Bool)
}

struct SaidLine: Codable, Equatable {
    let text: String
}

@Controller("said")
struct SaidController {
    func stream(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["said"]) }
    @POST func everything(_ ctx: Context) throws {
        for event in TypedEventTests.events { try ctx.sse.post(event, to: .everyone) }
    }
    @POST func topic(_ ctx: Context) async throws { try await ctx.sse.publish(SaidEvent.cleared, to: "said") }
    func sequence(_ ctx: Context) -> AsyncStream<SaidEvent> {
        AsyncStream { continuation in
            for event in TypedEventTests.events { continuation.yield(event) }
            continuation.finish()
        }
    }
}

@Suite struct TypedEventTests {
    static let events: [SaidEvent] = [
        .said(user: "a\"b", text: "</script>\n", at: 7), .said(user: "", text: "你好", at: nil), .left(user: "x"),
        .line(SaidLine(text: "t")), .cleared, .default(isOn: true),
    ]

    @Test func `a family of events arrives as it was sent`() async throws {
        let host = try TestHost(controllers: SaidController.self)
        let stream = try await host.client().stream("/said/stream")
        try await host.client().request(.post, "/said/everything")
        let arrived = await stream.pending()
        #expect(arrived.map(\.event) == ["said", "said", "left", "line", "cleared", "default"])
        #expect(arrived[2].data == #"{"user":"x"}"#)
        #expect(arrived[3].data == #"{"text":"t"}"#)
        #expect(arrived[4].data == "{}")
        #expect(try arrived.map { try $0.typed(SaidEvent.self) } == Self.events)
        try await host.client().request(.post, "/said/topic")
        #expect(try await stream.next().typed() == SaidEvent.cleared)
    }

    @Test func `a returned sequence of them is a stream that ends with it`() async throws {
        let host = try TestHost(controllers: SaidController.self)
        let stream = try await host.client().stream("/said/sequence")
        #expect(try await stream.pending().map { try $0.typed(SaidEvent.self) } == Self.events)
        #expect(await stream.hasEnded)
    }

    @Test func `an event that is none of them is an error`() {
        let other = EventStreamParser.Event(event: "other", data: "{}", lastEventID: "")
        #expect(throws: UnknownServerEventError.self) { try other.typed(SaidEvent.self) }
        let wrong = EventStreamParser.Event(event: "left", data: #"{"user":1}"#, lastEventID: "")
        #expect(throws: DecodingError.self) { try wrong.typed(SaidEvent.self) }
    }

    @Test func `the schemas name the events, their members and their comments`() {
        #expect(SaidEvent.eventSchemas.map(\.name) == ["said", "left", "line", "cleared", "default"])
        #expect(SaidEvent.eventSchemas[0].documentation == "Somebody said something.")
        guard case .fields(let fields) = SaidEvent.eventSchemas[0].payload else { return #expect(Bool(false)) }
        #expect(fields.map(\.name) == ["user", "text", "at"])
        #expect(fields.map { ObjectIdentifier($0.type) }.last == ObjectIdentifier(Int?.self))
    }
}
