import Foundation
import Martlet
import MartletTesting
import Testing

@Controller("feed")
private struct FeedController {
    @Authorize func index(_ ctx: Context) -> EventStream { ctx.sse.open(user: ctx.user?.id) }
    @GET func open(_ ctx: Context) -> EventStream { ctx.sse.open() }
    @GET func late(gate: Gate, _ user: User, _ ctx: Context) async -> EventStream {
        await gate.pass()
        return ctx.sse.open()
    }
    @POST func leave(_ ctx: Context) { ctx.auth.signOut() }
    @POST func enter(id: String, _ ctx: Context) { ctx.auth.signIn(User(id: id)) }
    @POST func demote(id: String, _ ctx: Context) -> Int { ctx.sse.closeStreams(provedBy: .user(id)) }

    /// Holds one request up until the test lets it go on.
    actor Gate {
        private var held: CheckedContinuation<Void, Never>?
        private var watcher: CheckedContinuation<Void, Never>?

        func pass() async {
            await withCheckedContinuation {
                held = $0
                watcher?.resume()
                watcher = nil
            }
        }
        func whenHeld() async { if held == nil { await withCheckedContinuation { watcher = $0 } } }
        func open() {
            held?.resume()
            held = nil
        }
    }
}

@Suite struct StreamProofTests {
    private let gate = FeedController.Gate()
    private let host: TestHost

    init() throws {
        host = try TestHost(
            controllers: FeedController.self, services: gate,
            middleware: Sessions(.memory),
            Authentication(
                .session,
                .bearer { token, ctx in
                    let proof = UserProof(
                        scheme: "bearer", expiresAt: ctx.now.addingTimeInterval(60), handle: .token(token))
                    return .user(User(id: "t", proof: proof))
                }))
    }

    @Test func nobodyIsLetIn() async throws {
        #expect(try await host.client().get("/feed").status == .unauthorized)
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func aTokensEndIsItsStreams() async throws {
        let stream = try await host.client(bearer: "a").stream("/feed")
        let open = try await host.client(bearer: "b").stream("/feed/open")
        await host.advance(by: .seconds(59))
        #expect(await !stream.hasEnded)
        await host.advance(by: .seconds(2))
        try await stream.expect("martlet.expired")
        try await open.expect("martlet.expired")
        #expect(await stream.hasEnded)
        #expect(await open.hasEnded)
    }

    @Test func aSignOutEndsTheStreamsOfTheSessionAlone() async throws {
        let (client, other) = (host.client(), host.client())
        for client in [client, other] { try await client.post("/feed/enter", form: ["id": "1"]) }
        let (first, second) = (try await client.stream("/feed"), try await client.stream("/feed/open"))
        let stays = try await other.stream("/feed")
        let nobodys = try await host.stream("/feed/open")
        try await client.post("/feed/leave")
        #expect(await first.hasEnded)
        #expect(await second.hasEnded)
        #expect(await !stays.hasEnded)
        #expect(await !nobodys.hasEnded)
        // An EventSource gives up at this.
        #expect(try await client.get("/feed").status == .unauthorized)
    }

    @Test func whoMayDoLessLosesAllStreams() async throws {
        let streams = [
            try await host.client(as: User(id: "7")).stream("/feed"),
            try await host.client(as: User(id: "7")).stream("/feed/open"),
        ]
        let stays = try await host.client(as: User(id: "8")).stream("/feed")
        #expect(try await host.client().post("/feed/demote", form: ["id": "7"]).text == "2")
        for stream in streams { #expect(await stream.hasEnded) }
        #expect(await !stays.hasEnded)
    }

    @Test func aStreamThatIsOpenedTooLateIsNone() async throws {
        let user = try await host.client(as: User(id: "7"))
        async let late = user.stream("/feed/late")
        await gate.whenHeld()
        try await host.client().post("/feed/demote", form: ["id": "7"])
        await gate.open()
        #expect(try await late.hasEnded)
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func aSessionsLifetimeIsThatOfItsStreams() async throws {
        let host = try TestHost(
            controllers: FeedController.self, services: gate,
            middleware: Sessions(.memory, idleTime: .seconds(600), lifetime: .seconds(600)), Authentication(.session))
        let client = host.client()
        try await client.post("/feed/enter", form: ["id": "1"])
        await host.advance(by: .seconds(100))
        // Not when it was opened counts, but when the user signed in.
        let stream = try await client.stream("/feed")
        await host.advance(by: .seconds(499))
        #expect(await !stream.hasEnded)
        let other = try await client.stream("/feed/open")
        await host.advance(by: .seconds(2))
        try await other.expect("martlet.expired")
        try await stream.expect("martlet.expired")
        #expect(await stream.hasEnded)
        #expect(try await client.get("/feed").status == .unauthorized)
        #expect(host.application.sse.clientCount == 0)
    }
}
