import Foundation
import MartletTesting
import Testing

/// The session that the chat needs.
@Suite struct AccountControllerTests {
    @Test(arguments: Transport.allCases)
    func `logging in gives a new session and logging out ends it`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let client = host.client()
        func logIn() async throws {
            try await client.post("/account/login", form: ["user_id": "1", "username": "Alice"]).expect(.ok)
        }
        try await logIn()
        let first = client.cookies
        try await logIn()
        #expect(client.cookies != first)
        #expect(client.cookies.count == 1)
        let old = host.client()
        old.cookies = first
        try await old.get("/account/profile").expectProblem(.unauthorized, detail: "请先登录")
        try await client.get("/account/profile")
            .expect(json: #"{"code":0,"msg":"","data":{"user_id":"1","username":"Alice"}}"#)
        let last = client.cookies
        try await client.call("Account@logout").expect(json: #"{"code":0,"msg":"已退出","data":null}"#)
        #expect(client.cookies.isEmpty)
        client.cookies = last
        try await client.get("/account/profile").expectProblem(.unauthorized)
    }

    @Test(arguments: Transport.allCases, [("", "Alice"), ("1", "")])
    func `a user without id or name is refused`(_ transport: Transport, _ user: (id: String, name: String)) async throws
    {
        let host = try TestHost.example(transport)
        try await host.client().post("/account/login", form: ["user_id": user.id, "username": user.name])
            .expectProblem(.unprocessableContent, detail: "The request has fields whose values are not allowed.")
    }

    @Test func `a session ends after half an hour without a request`() async throws {
        let host = try TestHost.example(.inProcess)
        let alice = try await host.member("1", "Alice")
        await host.clock.advance(by: .seconds(29 * 60))
        try await alice.get("/account/profile").expect(.ok)
        await host.clock.advance(by: .seconds(30 * 60))
        try await alice.get("/account/profile").expect(.unauthorized)
    }

    // MARK: - With a password

    @Test(arguments: Transport.allCases)
    func `registering signs in, and the password does it again`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let registration: KeyValuePairs = [
            "user_id": "ada", "username": "Ada", "password": "correct horse battery",
        ]
        try await host.client().post("/account/register", form: registration)
            .expect(json: #"{"code":0,"msg":"已注册","data":{"user_id":"ada","username":"Ada"}}"#)
        try await host.client().post("/account/login", json: ["user_id": "ADA", "password": "correct horse battery"])
            .expect(json: #"{"code":0,"msg":"已登录","data":{"user_id":"ada","username":"Ada"}}"#)
        try await host.client().post("/account/register", form: registration)
            .expectProblem(.unprocessableContent, errors: ["user_id": "is taken"])
        try await host.client().post("/account/login", form: ["user_id": "ada", "password": "wrong password"])
            .expectProblem(.unauthorized, detail: "The name or the password is wrong.")
        try await host.client().post("/account/login", form: ["user_id": "nobody", "password": "wrong password"])
            .expectProblem(.unauthorized, detail: "The name or the password is wrong.")
    }

    @Test(arguments: ["ada", "ADA", "ａｄａ"])
    func `nobody is a guest under the id of a user with a password`(_ id: String) async throws {
        let host = try TestHost.example()
        _ = try await host.registered("ada")
        try await host.client().post("/account/login", form: ["user_id": id, "username": "Ada"]).expect(.unauthorized)
        try await host.client().post("/account/login", json: ["user_id": id, "username": "Ada", "password": ""])
            .expect(.unauthorized)
    }

    @Test func `a guest is nobody when somebody registers the id`() async throws {
        let host = try TestHost.example()
        let guest = try await host.member("ada", "Guest")
        let stream = try await guest.stream("/chat/stream")
        try await guest.get("/account/profile").expect(.ok)
        let ada = try await host.registered("ada")
        try await guest.get("/account/profile").expect(.unauthorized)
        #expect(await stream.hasEnded)
        try await ada.get("/account/profile").expect(.ok)
    }

    @Test func `a guest who registers goes on as a user`() async throws {
        let host = try TestHost.example()
        let client = host.client()
        try await client.post("/account/login", form: ["user_id": "ada", "username": "Guest"]).expect(.ok)
        try await client.get("/account/profile").expect(.ok)
        try await client.post(
            "/account/register", form: ["user_id": "ada", "username": "Ada", "password": "correct horse battery"]
        ).expect(.ok)
        try await client.get("/account/profile")
            .expect(json: #"{"code":0,"msg":"","data":{"user_id":"ada","username":"Ada"}}"#)
    }

    @Test func `with a database everybody has a password, and a restart signs nobody out`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let environment = ["DATABASE": folder.appending(path: "app.db").path]
        let host = try TestHost.example(.inProcess, environment)
        try await host.client().post("/account/login", form: ["user_id": "1", "username": "Alice"])
            .expectProblem(.unprocessableContent, errors: ["password": "is required"])
        let ada = try await host.registered("ada")
        let after = try TestHost.example(.inProcess, environment).client()
        after.cookies = ada.cookies
        try await after.get("/account/profile").expect(.ok)
        try await after.call("Client@closeAll").expect(.ok)
        // Who is the admin can be said later, too.
        let other = try TestHost.example(.inProcess, environment.merging(["ADMIN_USER": "bob"]) { $1 }).client()
        other.cookies = ada.cookies
        try await other.call("Client@closeAll").expect(.forbidden)
        try await after.call("Account@logout").expect(.ok)
        try await ada.get("/account/profile").expect(.unauthorized)
    }
}
