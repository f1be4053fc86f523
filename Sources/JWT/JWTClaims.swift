import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a token says (RFC 7519 section 4), once its signature holds.
public struct JWTClaims: Sendable {
    /// `sub`: whose it is.
    public let subject: String
    /// `jti`, which names the token; nil where it has none.
    public let id: String?
    /// `iss`: who made it.
    public let issuer: String?
    /// `aud`: for whom it was made.
    public let audience: [String]
    /// `exp`: when it is over.
    public let expiresAt: Date?
    /// `nbf`: before when it is not to be taken.
    public let notBefore: Date?
    /// `iat`: when it was made.
    public let issuedAt: Date?
    private let members: [String: StrictJSON.Member]
    private let bytes: [UInt8]

    /// In seconds: as many years as dates are written with four digits for.
    private static let times = 0.0...253_402_300_799
    private static let maximumNameBytes = 255

    init(_ bytes: [UInt8]) throws(TokenRefusal) {
        guard let members = StrictJSON(bytes)?.object else { throw TokenRefusal("Its claims are malformed.") }
        guard let subject = try Self.name("sub", in: members) else { throw TokenRefusal("It names no subject.") }
        self.subject = subject
        id = try Self.name("jti", in: members)
        if let issuer = members["iss"]?.value {
            guard let issuer = issuer.text else { throw TokenRefusal("Its 'iss' is malformed.") }
            self.issuer = issuer
        } else {
            issuer = nil
        }
        if let audience = members["aud"]?.value {
            guard let audience = audience.texts else { throw TokenRefusal("Its 'aud' is malformed.") }
            self.audience = audience
        } else {
            audience = []
        }
        expiresAt = try Self.time("exp", in: members)
        notBefore = try Self.time("nbf", in: members)
        issuedAt = try Self.time("iat", in: members)
        self.members = members
        self.bytes = bytes
    }

    /// - Returns: nil where there is none.
    private static func name(_ name: String, in members: [String: StrictJSON.Member]) throws(TokenRefusal) -> String? {
        guard let value = members[name]?.value else { return nil }
        guard let text = value.text, (1...maximumNameBytes).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else { throw TokenRefusal("Its '\(name)' is malformed.") }
        return text
    }

    /// A NumericDate (RFC 7519 section 2).
    private static func time(_ name: String, in members: [String: StrictJSON.Member]) throws(TokenRefusal) -> Date? {
        guard let value = members[name]?.value else { return nil }
        guard let number = value.number, times.contains(number) else {
            throw TokenRefusal("Its '\(name)' is malformed.")
        }
        return Date(timeIntervalSince1970: number)
    }

    /// A claim as text, and what is no text as JSON; nil where there is none.
    public subscript(name: String) -> String? {
        guard let member = members[name] else { return nil }
        return member.value.text ?? String(decoding: bytes[member.place], as: UTF8.self)
    }

    /// A claim that is a list of texts, or a text, which is a list of one; nil for anything else.
    public func list(_ name: String) -> [String]? { members[name]?.value.texts }

    private static let read: Set<String> = [
        "sub", "name", "roles", "scope", "jti", "aud", "exp", "nbf", "iat",
    ]

    /// The user as the token has it: `sub` is the id, `name` the name, `roles` the roles; all other claims are the user's, with
    /// the words of `scope` between spaces.
    public var user: User {
        var claims: [String: String] = [:]
        for name in members.keys where !Self.read.contains(name) { claims[name] = self[name] }
        claims["scope"] = list("scope").map { $0.joined(separator: " ") }
        return User(id: subject, name: members["name"]?.value.text, roles: Set(list("roles") ?? []), claims: claims)
    }

    /// How the token proves who the user is.
    func proof(scheme: String) -> UserProof {
        UserProof(
            scheme: scheme, methods: list("amr") ?? [], time: issuedAt, expiresAt: expiresAt,
            handle: id.map { .token($0) })
    }
}
