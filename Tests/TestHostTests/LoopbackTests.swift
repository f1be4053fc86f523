import Martlet
import MartletTesting
import Testing

/// What streams have to do over sockets just as in process.
@Suite(.timeLimit(.minutes(1))) struct LoopbackTests {
    @Test(arguments: Transport.allCases)
    func `heartbeats and their time`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let stream = try await host.stream("/workshop/feed")
        #expect(await stream.commentCount == 0)
        await host.clock.advance(by: .seconds(16))
        #expect(await stream.commentCount == 1)
        await host.clock.advance(by: .seconds(16))
        #expect(await stream.commentCount == 2)
        try await stream.none()
    }

    @Test(arguments: Transport.allCases)
    func `who goes away is gone, and gets the rest when it comes back`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let stream = try await host.stream("/workshop/feed")
        try await host.call("Workshop@say", ["text": "one"])
        try await stream.expect("said", data: "one")
        await stream.disconnect()
        #expect(host.application.sse.clientCount == 0)
        try await host.call("Workshop@say", ["text": "two"])
        let again = try await stream.reconnect()
        try await again.expect("martlet.resume", data: #"{"verdict":"resumed"}"#)
        try await again.expect("said", data: "two")
        try await again.none()
        #expect(await again.hasEnded == false)
    }

    @Test(arguments: Transport.allCases)
    func `a reader that stalls is told what it has missed`(_ transport: Transport) async throws {
        let host = try TestHost(
            controllers: WorkshopController.self, services: Tools(), PoliteGreeter(), over: transport
        ) { app in
            app.limits.maxStreamBacklogBytes = 8 * 1024
            try app.events.topic("news") { $0.slowReaders = .dropOldest }
        }
        let stream = try await host.stream("/workshop/news")
        await stream.stall()
        let text = String(repeating: "x", count: 1024)
        for _ in 1...400 { try await host.call("Workshop@tell", ["text": text]) }
        try await stream.none()
        await stream.resume()
        let events = await stream.pending()
        let gap = try #require(events.first { $0.event == "martlet.gap" })
        let missed = try gap.json(Gap.self).count
        #expect(missed > 0)
        #expect(events.count { $0.event == "news" } == 400 - missed)
        try await host.call("Workshop@tell", ["text": "again"])
        try await stream.expect("news", data: "again")
    }

    private struct Gap: Decodable { let count: Int }

    @Test(arguments: Transport.allCases)
    func `a large body comes whole`(_ transport: Transport) async throws {
        let text = String(repeating: "0123456789", count: 100_000)
        let response = try await TestHost.workshop(transport).client().post("/workshop/echo", form: ["text": text])
        #expect(response.text == "text=\(text)")
    }

    @Test(arguments: Transport.allCases)
    func `requests of many tasks are answered side by side`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 1...40 {
                group.addTask { try await host.client().get("/workshop/greet?name=\(number)").expect(.ok).text }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(answers.count == 40)
    }
}
