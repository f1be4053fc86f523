import HTTPTypes
import MartletCore

/// Tokens in the field `Authorization: Bearer …` (RFC 6750).
///
///     Authentication(.bearer { token, ctx in
///         try await ctx.services.resolve(Tokens.self).user(of: token).map { .user($0) } ?? .refused("It is not known.")
///     })
public struct BearerScheme: AuthenticationScheme {
    /// Finds out whose a token is; `.none` for one that another scheme may read.
    public typealias Verification = @Sendable (_ token: String, _ ctx: Context) async throws -> AuthenticationResult
    /// The same where it can be found out without waiting: no task is made for it.
    public typealias ImmediateVerification = @Sendable (_ token: String, _ ctx: Context) throws -> AuthenticationResult

    /// `bearer`, where no other is given.
    public let name: String
    private let realm: String?
    private let verify: ImmediateVerification

    /// - Parameters:
    ///   - name: names the scheme, where there are several.
    ///   - realm: what the tokens are for, as the client is told.
    ///   - verify: is asked for tokens of at most 16 KiB in the characters that RFC 6750 allows; others are refused.
    public init(name: String = "bearer", realm: String? = nil, verify: @escaping Verification) {
        self.init(name: name, realm: realm, immediate: { token, ctx in .later { try await verify(token, ctx) } })
    }

    /// - Parameters:
    ///   - name: names the scheme, where there are several.
    ///   - realm: what the tokens are for, as the client is told.
    ///   - verify: as above; what has to wait after all is `.later`.
    public init(name: String = "bearer", realm: String? = nil, immediate verify: @escaping ImmediateVerification) {
        self.name = name
        self.realm = realm
        self.verify = verify
    }

    /// The user whose token the request has.
    ///
    /// - Throws: what an ``ImmediateVerification`` throws.
    public func authenticate(_ ctx: Context) throws -> AuthenticationResult {
        guard let token = ctx.request.credentials(scheme: "bearer") else { return .none }
        guard token.utf8.count <= 16 * 1024, !token.isEmpty, token.utf8.allSatisfy(Self.isTokenByte) else {
            return .refused("The token is malformed.")
        }
        return try verify(String(token), ctx)
    }

    /// `Bearer`, and where a token was refused, why (RFC 6750 section 3).
    public func challenge(_ ctx: Context, refusal: String?) -> String? {
        var parameters = realm.map { ["realm=\($0.quotedString)"] } ?? []
        if let refusal { parameters += ["error=\"invalid_token\"", "error_description=\(refusal.quotedString)"] }
        return parameters.isEmpty ? "Bearer" : "Bearer \(parameters.joined(separator: ", "))"
    }

    /// b64token.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}

extension AuthenticationScheme where Self == BearerScheme {
    /// Tokens in the field `Authorization: Bearer …`.
    public static func bearer(
        name: String = "bearer", realm: String? = nil, verify: @escaping BearerScheme.Verification
    ) -> BearerScheme { BearerScheme(name: name, realm: realm, verify: verify) }
}

extension Request {
    /// What stands behind the name of a scheme in `Authorization` (RFC 9110 section 11.6.2); nil for another scheme, and where
    /// there are two such fields, of which nobody can say which counts.
    package func credentials(scheme: String) -> Substring? {
        var value: String?
        for field in headers where field.name == .authorization {
            guard value == nil else { return nil }
            value = field.value
        }
        guard let value else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == scheme else { return nil }
        return parts[1].drop { $0 == " " }
    }
}

extension String {
    /// A quoted-string (RFC 9110 section 5.6.4); what cannot stand in one is left out.
    package var quotedString: String {
        let text = unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f && $0 != "\"" && $0 != "\\" }
        return "\"\(String(String.UnicodeScalarView(text)))\""
    }
}
