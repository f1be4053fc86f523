import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// Tokens in place of the cookie.
@Suite struct TokenControllerTests {
    @Test func `a token stands for the cookie, and does not make the next`() async throws {
        let host = try TestHost.example()
        for client in [try await host.registered("ada"), try await host.member("bob", "Bob")] {
            let data = try #require(
                try await client.get("/account/token").expect(.ok).json(Reply<[String: TokenMember]>.self).data)
            let program = host.client(bearer: try #require(data["access_token"]?.text))
            #expect(try await program.get("/account/profile").text == client.get("/account/profile").text)
            try await program.get("/account/token").expect(.forbidden)
            try await program.post("/account/sign-out-everywhere").expect(.forbidden)
            await host.clock.advance(by: .seconds(331))
            try await program.get("/account/profile").expect(.unauthorized)
        }
    }

    private struct TokenMember: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }

    @Test func `a guest's token is worth nothing when somebody registers the id`() async throws {
        let host = try TestHost.example()
        let guest = try await host.member("ada", "Guest")
        let data = try await guest.get("/account/token").json(Reply<[String: TokenMember]>.self).data
        let program = host.client(bearer: try #require(data?["access_token"]?.text))
        try await program.get("/account/profile").expect(.ok)
        _ = try await host.registered("ada")
        try await program.get("/account/profile").expect(.unauthorized)
    }
}
