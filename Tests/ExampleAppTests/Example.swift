import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet
@testable import MartletIdentity

// What the tests of the example app have in common: one suite a controller, each in process and over loopback.

extension TestHost {
    /// The app with what is set from outside.
    static func example(_ transport: Transport = .inProcess, _ environment: [String: String] = [:]) throws -> TestHost {
        try TestHost(ExampleApp(environment: environment, hasher: PasswordHasher(cost: .fast)), over: transport)
    }

    /// A client of a user who has just registered.
    func registered(_ id: String, password: String = "correct horse battery") async throws -> TestClient {
        let client = client()
        try await client.post(
            "/account/register", form: ["user_id": id, "username": id.capitalized, "password": password]
        ).expect(.ok)
        return client
    }

    /// A client that is logged in without a password.
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
