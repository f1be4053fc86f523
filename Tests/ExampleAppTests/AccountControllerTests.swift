import MartletTesting
import Testing

/// The session that the chat needs.
@Suite struct AccountControllerTests {
    @Test(arguments: Transport.allCases)
    func `logging in gives a new session and logging out ends it`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let client = host.client()
        func logIn() async throws {
            try await client.call("Account@login", ["user_id": "1", "username": "Alice"]).expect(.ok)
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
        try await host.call("Account@login", ["user_id": user.id, "username": user.name])
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
}
