import MartletTesting
import Testing

@testable import ExampleApp

/// The page's 客户端管理.
@Suite struct ClientControllerTests {
    private struct Entry: Decodable { let id: Int, user: String?, address: String, connected_at: String }

    @Test(arguments: Transport.allCases)
    func `clients are listed, counted and closed`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let alice = try await host.member("1", "Alice")
        let streams = [
            try await alice.stream(ChatController.links.stream()),
            try await host.stream(EventsController.links.index()),
            try await host.stream(MonitorController.links.monitor()),
        ]
        let entries = try await alice.get("/client").json(Reply<[Entry]>.self).data ?? []
        #expect(entries.map(\.user) == ["1", nil, nil])
        #expect(entries.allSatisfy { $0.address == "127.0.0.1" })
        try await alice.call("Client@close", ["id": entries[1].id])
            .expect(json: #"{"code":0,"msg":"已关闭","data":null}"#)
        #expect(await streams[1].hasEnded)
        #expect(try await host.streamCount() == 2)
        try await alice.call("Client@close", ["id": entries[1].id])
            .expect(json: #"{"code":1,"msg":"客户端不存在","data":null}"#)
        try await alice.call("Client@close", ["id": "x"])
            .expectProblem(.badRequest, errors: ["id": "must be the id of a client"])
        try await alice.call("Client@closeAll").expect(json: #"{"code":0,"msg":"已全部关闭","data":{"count":2}}"#)
        for stream in streams { #expect(await stream.hasEnded) }
        #expect(try await host.streamCount() == 0)
        #expect(try await alice.get(ChatController.links.members()).json(Reply<[String]>.self).data == [])
    }
}
