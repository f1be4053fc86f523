/// How a token is signed (RFC 7518 section 3.1, RFC 8037). There is no `none`.
public enum JWSAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with SHA-256: who can check a token can make one.
    case hs256 = "HS256"
    /// HMAC with SHA-384.
    case hs384 = "HS384"
    /// HMAC with SHA-512.
    case hs512 = "HS512"
    /// RSA, PKCS #1 v1.5, SHA-256.
    case rs256 = "RS256"
    /// RSA, PKCS #1 v1.5, SHA-384.
    case rs384 = "RS384"
    /// RSA, PKCS #1 v1.5, SHA-512.
    case rs512 = "RS512"
    /// RSA-PSS with SHA-256.
    case ps256 = "PS256"
    /// RSA-PSS with SHA-384.
    case ps384 = "PS384"
    /// RSA-PSS with SHA-512.
    case ps512 = "PS512"
    /// ECDSA on P-256.
    case es256 = "ES256"
    /// ECDSA on P-384.
    case es384 = "ES384"
    /// ECDSA on P-521.
    case es512 = "ES512"
    /// Ed25519.
    case edDSA = "EdDSA"

    enum Family {
        /// - bytes: the least that a secret must have (RFC 7518 section 3.2).
        case hmac(bytes: Int)
        case rsa
        case ecdsa
        case edDSA
    }

    var family: Family {
        switch self {
        case .hs256: .hmac(bytes: 32)
        case .hs384: .hmac(bytes: 48)
        case .hs512: .hmac(bytes: 64)
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa
        case .es256, .es384, .es512: .ecdsa
        case .edDSA: .edDSA
        }
    }
}
