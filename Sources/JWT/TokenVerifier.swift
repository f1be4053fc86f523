import JWTKit
import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Goes from a token's text to its user: form and header, key, signature, and only then what it says.
struct TokenVerifier: Sendable {
    let scheme: String
    let keys: any JWTKeySource
    let issuer: String?
    let audience: String?
    let type: String?
    let requiresExpiry: Bool
    let revocations: TokenRevocations?
    let user: JWTScheme.UserLookup?

    func verify(_ text: String, _ ctx: Context) -> AuthenticationResult {
        // Some other scheme's.
        guard text.utf8.contains(UInt8(ascii: ".")) else { return .none }
        return refusing { () throws(TokenRefusal) in
            let token = try CompactToken(text)
            try check(type: token.header)
            if let refresh = keys.refresh(ctx) {
                return .later {
                    await refresh()
                    return refusing { () throws(TokenRefusal) in try verify(token, ctx) }
                }
            }
            return try verify(token, ctx)
        }
    }

    private func verify(_ token: CompactToken, _ ctx: Context) throws(TokenRefusal) -> AuthenticationResult {
        let signer = try keys.keySet.key(for: token.header).signer
        if let algorithm = signer.algorithm { return try verify(token, by: algorithm, ctx) }
        return .later {
            let algorithm = try await signer.load()
            return refusing { () throws(TokenRefusal) in try verify(token, by: algorithm, ctx) }
        }
    }

    private func refusing(_ verify: () throws(TokenRefusal) -> AuthenticationResult) -> AuthenticationResult {
        do {
            return try verify()
        } catch {
            return .refused(error.reason)
        }
    }

    /// A check costs some tens of microseconds, and with the largest key of RSA less than a millisecond: it runs where it is.
    private func verify(
        _ token: CompactToken, by algorithm: any JWTAlgorithm, _ ctx: Context
    ) throws(TokenRefusal) -> AuthenticationResult {
        // jwt-kit throws for a signature that has not the form of one.
        guard (try? algorithm.verify(token.signature, signs: token.signed)) == true else {
            throw TokenRefusal("Its signature does not hold.")
        }
        let claims = try JWTClaims(token.payload)
        try check(claims, at: ctx.now)
        guard let user else { return .user(claims.user, provedBy: claims, scheme) }
        return .later {
            guard let found = try await user(claims, ctx) else { return .refused("Its subject is not known.") }
            return .user(found, provedBy: claims, scheme)
        }
    }

    /// RFC 8725 section 3.11: a token made for one thing is not taken for another.
    private func check(type header: TokenHeader) throws(TokenRefusal) {
        let isTaken =
            if let type { header.isOf(type: type) } else {
                header.type == nil || header.isOf(type: "JWT") || header.isOf(type: "at+jwt")
            }
        guard isTaken else { throw TokenRefusal("It is of another type.") }
    }

    private func check(_ claims: JWTClaims, at now: Date) throws(TokenRefusal) {
        let leeway = JWTScheme.leeway / .seconds(1)
        if let expiresAt = claims.expiresAt {
            guard now < expiresAt.addingTimeInterval(leeway) else { throw TokenRefusal("It has expired.") }
        } else if requiresExpiry {
            throw TokenRefusal("It does not say when it expires.")
        }
        let latest = now.addingTimeInterval(leeway)
        guard claims.notBefore.map({ $0 <= latest }) ?? true else { throw TokenRefusal("It is not valid yet.") }
        guard claims.issuedAt.map({ $0 <= latest }) ?? true else { throw TokenRefusal("It is from the future.") }
        if let issuer {
            guard claims.issuer?.isSame(as: issuer) == true else { throw TokenRefusal("It is of another issuer.") }
        }
        let isForUs = audience.map { audience in claims.audience.contains { $0.isSame(as: audience) } }
        guard isForUs ?? (claims["aud"] == nil) else { throw TokenRefusal("It is for another audience.") }
        guard let revocations else { return }
        guard let id = claims.id else { throw TokenRefusal("It has no 'jti'.") }
        guard !revocations.isRevoked(id, at: now) else { throw TokenRefusal("It was taken back.") }
    }
}

extension AuthenticationResult {
    fileprivate static func user(
        _ user: User, provedBy claims: JWTClaims, _ scheme: String
    ) -> AuthenticationResult {
        var user = user
        user.proof = claims.proof(scheme: scheme)
        return .user(user)
    }
}
