import JWTKit
import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// JSON Web Tokens in the field `Authorization: Bearer …` (RFC 7519, RFC 6750), checked as RFC 8725 says.
///
///     let key = try JWTKey(publicKey: pem, as: .es256)
///     app.use(Authentication(.jwt(key, issuer: "https://id.example.com", audience: "shop")))
///
/// A token is taken where one of the keys has signed it with that key's own algorithm, and all of its claims hold. No key is
/// taken from a token, nor fetched from where it says. The clocks of those who make tokens may be off by ``leeway``.
public struct JWTScheme: AuthenticationScheme {
    /// Finds the user of a token that holds; nil where there is none any more.
    public typealias UserLookup = @Sendable (_ claims: JWTClaims, _ ctx: Context) async throws -> User?

    /// By how much `exp`, `nbf` and `iat` may be missed: 30 seconds.
    public static let leeway: Duration = .seconds(30)

    /// `jwt`, where no other is given.
    public let name: String
    private let bearer: BearerScheme

    /// - Parameters:
    ///   - keys: a ``JWTKey``, a ``JWTKeySet`` or a ``JWKSFile``.
    ///   - issuer: what `iss` has to be; nil for any, where the keys are proof enough.
    ///   - audience: what has to be in `aud`; nil takes only tokens that were made for nobody in particular.
    ///   - type: what `typ` has to be, such as `at+jwt`; nil takes `JWT`, `at+jwt`, and tokens that do not say.
    ///   - requiresExpiry: false to take tokens without `exp`, which are good for ever.
    ///   - revocations: which tokens are taken back; with it each token needs a `jti`.
    ///   - name: names the scheme, where there are several.
    ///   - realm: what the tokens are for, as the client is told.
    ///   - user: finds the user; nil for ``JWTClaims/user``. The proof is the token's in any case.
    public init(
        _ keys: some JWTKeySource, issuer: String?, audience: String?, type: String? = nil, requiresExpiry: Bool = true,
        revocations: TokenRevocations? = nil, name: String = "jwt", realm: String? = nil, user: UserLookup? = nil
    ) {
        self.name = name
        let verifier = TokenVerifier(
            scheme: name, keys: keys, issuer: issuer, audience: audience, type: type, requiresExpiry: requiresExpiry,
            revocations: revocations, user: user)
        bearer = BearerScheme(name: name, realm: realm, immediate: verifier.verify)
    }

    /// The user whose token the request has. Waits for the first token of a key, a look for new keys, and the app's own lookup.
    ///
    /// - Throws: nothing of its own.
    public func authenticate(_ ctx: Context) throws -> AuthenticationResult { try bearer.authenticate(ctx) }

    /// `Bearer`, and where a token was refused, why.
    public func challenge(_ ctx: Context, refusal: String?) -> String? { bearer.challenge(ctx, refusal: refusal) }
}

extension AuthenticationScheme where Self == JWTScheme {
    /// JSON Web Tokens in the field `Authorization: Bearer …`; see ``JWTScheme/init(_:issuer:audience:type:requiresExpiry:revocations:name:realm:user:)``.
    public static func jwt(
        _ keys: some JWTKeySource, issuer: String?, audience: String?, type: String? = nil, requiresExpiry: Bool = true,
        revocations: TokenRevocations? = nil, name: String = "jwt", realm: String? = nil,
        user: JWTScheme.UserLookup? = nil
    ) -> JWTScheme {
        JWTScheme(
            keys, issuer: issuer, audience: audience, type: type, requiresExpiry: requiresExpiry,
            revocations: revocations, name: name, realm: realm, user: user)
    }
}
