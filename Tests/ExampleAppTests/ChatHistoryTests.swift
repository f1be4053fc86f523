import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// What somebody who comes into the chat is told of the time before.
@Suite struct ChatHistoryTests {
    let host: TestHost
    init() throws { host = try TestHost(ExampleApp()) }

    private func login(_ user: String) async throws -> TestClient {
        let client = host.client()
        try await client.post("/account/login", form: ["user_id": user, "username": user])
        return client
    }

    private func say(_ lines: String..., by client: TestClient) async throws {
        for line in lines { #expect(try await client.post("/chat/send", form: ["message": line]).status == .ok) }
    }

    @Test(arguments: [("", []), ("?history=0", []), ("?history=2", ["2", "3"]), ("?history=30", ["1", "2", "3"])])
    func `the last lines come before the welcome, as many as are asked for`(
        _ query: String, _ lines: [String]
    ) async throws {
        let ada = try await login("Ada")
        try await say("1", "2", "3", by: ada)
        let events = await (try await ada.stream("/chat/stream\(query)")).pending()
        #expect(events.map(\.event) == lines.map { _ in "message" } + ["system"])
        #expect(try events.dropLast().map { try $0.json([String: String].self)["msg"] } == lines)
    }

    @Test func `who comes back gets what was missed once, whatever history is asked for`() async throws {
        let ada = try await login("Ada")
        let stream = try await ada.stream("/chat/stream?history=30")
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
