import Foundation
import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// On which devices a user is signed in.
@Suite struct SessionControllerTests {
    private struct Entry: Decodable {
        let handle: String, device: String?, address: String?, last_use: String, current: Bool
    }
    private let password = "correct horse battery"

    private func device(_ name: String, of user: String, _ host: TestHost) async throws -> TestClient {
        let client = host.client(headers: [.userAgent: name])
        try await client.post("/account/login", form: ["user_id": user, "password": password]).expect(.ok)
        return client
    }

    private func sessions(_ client: TestClient) async throws -> [Entry] {
        try await client.get("/account/sessions").expect(.ok).json(Reply<[Entry]>.self).data ?? []
    }

    @Test(arguments: Transport.allCases)
    func `a user lists the own sessions and ends one`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        _ = try await host.registered("ada")
        let bob = try await host.registered("bob")
        let phone = try await device("Phone", of: "ada", host)
        let laptop = try await device("Laptop", of: "ada", host)
        let entries = try await sessions(laptop)
        #expect(entries.count == 3)
        #expect(entries.filter(\.current).map(\.device) == ["Laptop"])
        #expect(entries.allSatisfy { $0.address == "127.0.0.1" })
        let handle = try #require(entries.first { $0.device == "Phone" }?.handle)
        let stream = try await phone.stream("/chat/stream")

        // Nobody ends the session of somebody else.
        try await bob.call("Session@end", ["handle": handle])
            .expect(json: #"{"code":1,"msg":"会话不存在","data":null}"#)
        try await laptop.call("Session@end", ["handle": handle])
            .expect(json: #"{"code":0,"msg":"会话已结束","data":null}"#)
        #expect(await stream.hasEnded)
        try await phone.get("/account/profile").expect(.unauthorized)
        try await laptop.call("Session@end", ["handle": "x"]).expect(.badRequest)

        let own = try #require(try await sessions(laptop).first(where: \.current)?.handle)
        try await laptop.call("Session@end", ["handle": own]).expect(.ok)
        #expect(laptop.cookies["martlet_session"] == nil)
        try await laptop.get("/account/profile").expect(.unauthorized)
    }

    @Test func `signing out everywhere ends all of them, and nobody else's`() async throws {
        let host = try TestHost.example()
        let first = try await host.registered("ada")
        let bob = try await host.registered("bob")
        let second = try await device("Phone", of: "ada", host)
        try await second.call("Account@signOutEverywhere")
            .expect(json: #"{"code":0,"msg":"已退出所有设备","data":{"count":2}}"#)
        for client in [first, second] { try await client.get("/account/profile").expect(.unauthorized) }
        try await bob.get("/account/profile").expect(.ok)
    }

    @Test func `another password ends the other sessions`() async throws {
        let host = try TestHost.example()
        let first = try await host.registered("ada")
        let second = try await device("Phone", of: "ada", host)
        try await second.post(
            "/account/password", form: ["password": "wrong password", "new_password": "another battery"]
        )
        .expectProblem(.unprocessableContent, errors: ["password": "is wrong"])
        try await second.post("/account/password", form: ["password": password, "new_password": "short"])
            .expectProblem(.unprocessableContent, errors: ["new_password": "must have at least 8 characters"])
        try await second.post("/account/password", form: ["password": password, "new_password": "another battery"])
            .expect(.ok)
        try await first.get("/account/profile").expect(.unauthorized)
        try await second.get("/account/profile").expect(.ok)
        try await host.client().post("/account/login", form: ["user_id": "ada", "password": password]).expect(
            .unauthorized)
        try await host.client().post("/account/login", form: ["user_id": "ada", "password": "another battery"]).expect(
            .ok)
    }
}
