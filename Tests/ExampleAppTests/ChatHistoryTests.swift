import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// What somebody who comes into the chat is told of the time before.
@Suite struct ChatHistoryTests {
    private func say(_ lines: String..., by client: TestClient) async throws {
        for line in lines { try await client.call("Chat@send", ["message": line]).expect(.ok) }
    }

    @Test(
        arguments: Transport.allCases,
        [("", []), ("?history=0", []), ("?history=2", ["2", "3"]), ("?history=30", ["1", "2", "3"])])
    func `the last lines come before the welcome, as many as are asked for`(
        _ transport: Transport, _ expected: (query: String, lines: [String])
    ) async throws {
        let (query, lines) = expected
        let ada = try await TestHost.example(transport).member("Ada", "Ada")
        try await say("1", "2", "3", by: ada)
        let events = await (try await ada.stream("/chat/stream\(query)")).pending()
        #expect(events.map(\.event) == lines.map { _ in "message" } + ["system"])
        #expect(try events.dropLast().map { try $0.json([String: String].self)["msg"] } == lines)
    }

    @Test(arguments: Transport.allCases)
    func `who comes back gets what was missed once, whatever history is asked for`(
        _ transport: Transport
    ) async throws {
        let ada = try await TestHost.example(transport).member("Ada", "Ada")
        let stream = try await ada.stream(ChatController.links.stream(history: 30))
        try await say("1", "2", by: ada)
        let seen = await stream.pending()
        await stream.disconnect()
        try await say("3", "4", by: ada)
        let id = try #require(seen.last?.lastEventID)
        let events = await (try await ada.stream("/chat/stream?history=30&lastEventId=\(id)")).pending()
        #expect(events.map(\.event) == ["martlet.resume", "message", "message", "system"])
        #expect(try events[1...2].map { try $0.json([String: String].self)["msg"] } == ["3", "4"])
    }
}
