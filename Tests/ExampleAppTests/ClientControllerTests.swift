import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// The page's 客户端管理.
@Suite struct ClientControllerTests {
    private struct Entry: Decodable { let id: Int, user: String?, address: String, connected_at: String }

    @Test(arguments: Transport.allCases)
    func `clients are listed, counted and closed`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let alice = try await host.registered("1")
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

    @Test func `only an admin closes streams: the first who registered`() async throws {
        let host = try TestHost.example()
        let first = try await host.registered("ada")
        for (client, status) in [
            (host.client(), HTTPResponse.Status.unauthorized), (try await host.member("1", "Guest"), .forbidden),
            (try await host.registered("bob"), .forbidden), (first, .ok),
        ] {
            #expect(try await client.call("Client@closeAll").status == status)
            #expect(try await client.call("Client@close", ["id": "1"]).status == status)
        }
    }

    @Test(arguments: [true, false])
    func `or whom ADMIN_USER names, who may be a guest in the demo`(_ isGuest: Bool) async throws {
        let host = try TestHost.example(.inProcess, ["ADMIN_USER": "root"])
        try await host.registered("ada").call("Client@closeAll").expect(.forbidden)
        let root = isGuest ? try await host.member("root", "Root") : try await host.registered("root")
        try await root.call("Client@closeAll").expect(.ok)
    }

    @Test func `the pages of a partner read how many streams there are, and nothing else`() async throws {
        let partner = "https://partner.example"
        let host = try TestHost.example(.inProcess, ["CORS_ORIGIN": partner])
        let preflight: HTTPFields = [.origin: partner, .accessControlRequestMethod: "GET"]
        let client = host.client(headers: [.origin: partner])
        let count = try await client.get("/client/count").expect(.ok)
        #expect(count.headers[.accessControlAllowOrigin] == partner)
        #expect(count.headers[.accessControlAllowCredentials] == "true")
        #expect(
            try await host.client().request(.options, "/client/count", headers: preflight)
                .headers[.accessControlAllowOrigin] == partner)
        #expect(try await client.get("/client").headers[.accessControlAllowOrigin] == nil)
        #expect(
            try await host.client().get("/client/count", headers: [.origin: "https://partner.example.evil"])
                .headers[.accessControlAllowOrigin] == nil)
    }

    @Test func `an origin that no browser writes ends the start`() throws {
        #expect(throws: StartupError.self) { try TestHost.example(.inProcess, ["CORS_ORIGIN": "partner.example/"]) }
    }
}
