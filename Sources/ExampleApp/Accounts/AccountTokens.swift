import Martlet
import MartletJWT

/// Tokens for programs of users, which do without a cookie. They are good for minutes, so nobody keeps their key.
struct AccountTokens {
    let issuer: JWTIssuer
    let scheme: JWTScheme

    private static let name = "martlet-example"

    init(_ members: Members) throws {
        let key = JWTKey.temporary()
        issuer = try JWTIssuer(key: key, issuer: Self.name, audience: Self.name, lifetime: .seconds(300))
        scheme = .jwt(key, issuer: Self.name, audience: Self.name) { claims, ctx in
            try await members.user(of: claims, ctx)
        }
    }
}
