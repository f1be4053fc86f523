import MartletMiddleware
import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Signed tokens for links that are sent to a user and work once: to reset a password, to confirm an address.
///
/// Nothing is stored. A token is bound to the state of what it changes, so that using it ends it: to the hash of the present
/// password for a reset, to the address and whether it is confirmed for a confirmation.
///
///     let resets = OneTimeTokens("reset-password", keys: keys, lifetime: .seconds(3600))
///
///     let token = try resets.token(for: user.id, state: user.passwordHash.rawValue, now: now)
///
///     let id = await resets.subject(of: token, now: now) { id in await users.find(id)?.passwordHash.rawValue }
///     // Then set the new password where the hash is still the one that was looked at: of two at once one is too late.
public struct OneTimeTokens: Sendable {
    private let lifetime: Duration
    private let keys: [SymmetricKey]
    private static let timeBytes = 8
    private static let stateBytes = 16
    private static let codeBytes = 32
    private static let maximumSubjectBytes = 512
    private static let maximumTextBytes = 1024

    /// - Parameters:
    ///   - purpose: what the tokens are for. One for another purpose is none.
    ///   - keys: from which those of the purpose are derived.
    ///   - lifetime: after which a token is none.
    public init(_ purpose: String, keys: KeyRing, lifetime: Duration) {
        self.lifetime = lifetime
        self.keys = keys.keys(for: "one-time token", purpose)
    }

    /// A token, made of letters, digits, `-` and `_`.
    ///
    /// - Parameters:
    ///   - subject: the id of the user, which whoever has the token can read.
    ///   - state: what the use of the token changes. Nobody can read it in the token.
    /// - Throws: ``OneTimeTokenError`` for a subject of more than 512 bytes.
    public func token(for subject: String, state: String, now: Date) throws -> String {
        guard subject.utf8.count <= Self.maximumSubjectBytes else { throw OneTimeTokenError() }
        let end = withUnsafeBytes(of: now.seconds(after: lifetime).bigEndian) { Array($0) }
        let head = end + Self.tag(keys[0], subject, state)
        let signed = head + subject.utf8
        return Base64URL.text(of: signed + Self.code(keys[0], signed))
    }

    /// The subject of a token that is signed, not over, and not used.
    ///
    /// - Parameter state: the present state of the subject; nil where there is none of that id. Asked about no token but one
    ///   that is signed and not over.
    /// - Returns: nil for any other text.
    /// - Throws: what `state` throws.
    public func subject(
        of token: String, now: Date, state: (_ subject: String) async throws -> String?
    ) async rethrows -> String? {
        guard let content = content(of: token, now: now), let present = try await state(content.subject) else {
            return nil
        }
        let isUnused = Secrets.areEqual(Self.tag(content.key, content.subject, present), content.tag)
        return isUnused ? content.subject : nil
    }

    private func content(of token: String, now: Date) -> (subject: String, tag: [UInt8], key: SymmetricKey)? {
        let headBytes = Self.timeBytes + Self.stateBytes
        guard token.utf8.count <= Self.maximumTextBytes, let bytes = Base64URL.bytes(of: token.utf8),
            bytes.count >= headBytes + Self.codeBytes
        else { return nil }
        let (signed, code) = (bytes.dropLast(Self.codeBytes), bytes.suffix(Self.codeBytes))
        guard let key = keys.first(where: { Secrets.areEqual(Self.code($0, signed), code) }) else { return nil }
        let end = signed.prefix(Self.timeBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard now.seconds < Int64(bitPattern: end) else { return nil }
        let subject = String(decoding: signed.dropFirst(headBytes), as: UTF8.self)
        return (subject, Array(signed[Self.timeBytes..<headBytes]), key)
    }

    private static func code(_ key: SymmetricKey, _ bytes: some Sequence<UInt8>) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array("token".utf8) + [0] + bytes, using: key)
    }

    /// A code of its own, since a hash of the state could be tried with states that somebody guesses.
    private static func tag(_ key: SymmetricKey, _ subject: String, _ state: String) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt32(truncatingIfNeeded: subject.utf8.count).bigEndian) { Array($0) }
        let bytes = Array("state".utf8) + [0] + length + subject.utf8 + state.utf8
        return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(stateBytes))
    }
}

/// A subject that is too long for a token.
public struct OneTimeTokenError: Error, CustomStringConvertible {
    /// A sentence.
    public var description: String { "The subject of a one-time token has more than 512 bytes." }
}
