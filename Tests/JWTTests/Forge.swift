import Foundation
import Martlet
import MartletTesting

@testable import MartletJWT

/// Makes tokens by hand, whatever is in them.
enum Forge {
    static let start = 1_800_000_000
    static let secret = PyJWT.secret
    static let issuer = "https://id.example.com"
    static let claims = """
        {"iss":"\(issuer)","sub":"7","aud":"shop","exp":\(start + 600),"iat":\(start),"jti":"j"}
        """

    static func key(_ algorithm: JWSAlgorithm = .hs256, id: String? = nil) throws -> JWTKey {
        try JWTKey(secret: secret, as: algorithm, id: id)
    }

    static func encode(_ text: String) -> String { Base64URL.text(of: Array(text.utf8)) }

    /// - Parameter key: signs, whatever the header says.
    static func token(
        _ header: String = #"{"alg":"HS256","typ":"JWT"}"#, _ claims: String = claims, by key: JWTKey? = nil
    ) async throws -> String {
        try await sign("\(encode(header)).\(encode(claims))", by: key)
    }

    static func sign(_ signed: String, by key: JWTKey? = nil) async throws -> String {
        let algorithm = try await (key ?? Self.key()).signer.load()
        return "\(signed).\(Base64URL.text(of: try algorithm.sign(Array(signed.utf8))))"
    }

    /// The claims with others in the place of some, or without them.
    static func claims(_ changes: KeyValuePairs<String, String?>) -> String {
        var members: KeyValuePairs<String, String> {
            [
                "iss": "\"\(issuer)\"", "sub": "\"7\"", "aud": "\"shop\"", "exp": "\(start + 600)",
                "iat": "\(start)", "jti": "\"j\"",
            ]
        }
        var all = members.map { ($0.key, Optional($0.value)) }
        for (name, value) in changes {
            all.removeAll { $0.0 == name }
            all.append((name, value))
        }
        return "{" + all.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",") + "}"
    }
}

@Controller("token")
struct TokenController {
    struct Seen: Codable, Equatable {
        var id: String
        var name: String?
        var roles: [String] = []
        var claims: [String: String] = [:]
        var scheme: String?
        var methods: [String] = []
        var time: Double?
        var expiresAt: Double?
    }

    @Authorize func index(_ user: User) -> Seen {
        Seen(
            id: user.id, name: user.name, roles: user.roles.sorted(), claims: user.claims, scheme: user.proof?.scheme,
            methods: user.proof?.methods ?? [], time: user.proof?.time?.timeIntervalSince1970,
            expiresAt: user.proof?.expiresAt?.timeIntervalSince1970)
    }
    @Authorize func stream(_ ctx: Context) -> EventStream { ctx.sse.open() }
    @GET @Authorize(policy: .scope("write")) func write() -> String { "written" }
}

extension TestHost {
    static func taking(
        _ keys: some JWTKeySource, issuer: String? = Forge.issuer, audience: String? = "shop", type: String? = nil,
        requiresExpiry: Bool = true, revocations: TokenRevocations? = nil, user: JWTScheme.UserLookup? = nil
    ) throws -> TestHost {
        try TestHost(
            controllers: TokenController.self,
            middleware: Authentication(
                .jwt(
                    keys, issuer: issuer, audience: audience, type: type, requiresExpiry: requiresExpiry,
                    revocations: revocations, user: user)))
    }

    /// nil where the token is taken, else why it is not.
    func refusal(of token: String) async throws -> String? {
        let answer = try await client(bearer: token).get("/token")
        if answer.status == .ok { return nil }
        guard answer.status == .unauthorized else { return "\(answer.status)" }
        let challenge = answer.headers[.wwwAuthenticate] ?? ""
        let parts = challenge.split(separator: "error_description=\"")
        return parts.count == 2 ? String(parts[1].dropLast()) : challenge
    }
}
