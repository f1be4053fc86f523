import JWTKit
import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Makes tokens for the users of an app.
///
///     let issuer = try JWTIssuer(key: key, issuer: "https://shop.example.com", audience: "shop")
///     let token = try await issuer.token(for: user, now: ctx.now)
public struct JWTIssuer: Sendable {
    private let key: JWTKey
    private let issuer: String
    private let audience: String
    private let type: String
    /// How long a token is good for.
    public let lifetime: Duration

    /// - Parameters:
    ///   - key: a secret or a private key; tokens name it where it has an id.
    ///   - issuer: `iss`, as the scheme that takes the tokens has it.
    ///   - audience: `aud`, likewise.
    ///   - lifetime: how long a token is good for: minutes, since nothing asks anew who the user is meanwhile. Whole seconds.
    ///   - type: `typ`.
    /// - Throws: `StartupError` for a public key, and for a lifetime below a second.
    public init(
        key: JWTKey, issuer: String, audience: String, lifetime: Duration = .seconds(15 * 60), type: String = "JWT"
    ) throws {
        guard key.canSign else {
            throw StartupError(
                "Tokens cannot be made with \(key): it is a public key. Give the issuer the private one.")
        }
        guard (1...Self.maximumLifetime).contains(lifetime.components.seconds) else {
            throw StartupError("Tokens live for a second at least, and a hundred years at most, not for \(lifetime).")
        }
        self.key = key
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
        self.type = type
    }

    private static let maximumLifetime: Int64 = 100 * 366 * 86400

    /// A token with the user's id, name, roles and scope, and a `jti` of its own.
    ///
    /// - Parameters:
    ///   - scope: what the token is for, if for less than all that the user may do; nil for the user's own claim.
    ///   - now: `ctx.now`.
    /// - Throws: what the signing throws.
    public func token(for user: User, scope: [String]? = nil, now: Date) async throws -> String {
        let issuedAt = Int64(now.timeIntervalSince1970.rounded(.down))
        let claims = IssuedClaims(
            iss: issuer, sub: user.id, aud: audience, iat: issuedAt, exp: issuedAt + lifetime.components.seconds,
            jti: Self.newID(), name: user.name, roles: user.roles.isEmpty ? nil : user.roles.sorted(),
            scope: scope?.joined(separator: " ") ?? user.claims["scope"],
            amr: user.proof.flatMap { $0.methods.isEmpty ? nil : $0.methods })
        let header = IssuedHeader(alg: key.algorithm.rawValue, typ: type, kid: key.id)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let signed = try [encoder.encode(header), encoder.encode(claims)].map { Base64URL.text(of: $0) }
            .joined(separator: ".")
        let signature = try await key.signer.load().sign(Array(signed.utf8))
        return "\(signed).\(Base64URL.text(of: signature))"
    }

    /// 128 bits that cannot be guessed.
    private static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64URL.text(of: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}

private struct IssuedHeader: Encodable {
    let alg: String
    let typ: String
    let kid: String?
}

private struct IssuedClaims: Encodable {
    let iss: String
    let sub: String
    let aud: String
    let iat: Int64
    let exp: Int64
    let jti: String
    let name: String?
    let roles: [String]?
    let scope: String?
    let amr: [String]?
}
