import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

// What the tests of the example app have in common: one suite a controller, each in process and over loopback.

extension TestHost {
    static func example(_ transport: Transport) throws -> TestHost { try TestHost(ExampleApp(), over: transport) }

    /// A client that is logged in.
    func member(_ id: String, _ name: String) async throws -> TestClient {
        try await client(user: id, session: ["username": name])
    }

    /// How many streams there are, as the app tells.
    func streamCount() async throws -> Int? {
        try await client().get("/client/count").expect(.ok).json(Reply<[String: Int]>.self).data?["count"]
    }
}

/// The component's `Response.Json`.
struct Reply<Content: Decodable>: Decodable {
    let code: Int
    let msg: String
    let data: Content?
}
