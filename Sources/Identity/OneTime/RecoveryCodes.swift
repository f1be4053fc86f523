import MartletMiddleware
import Crypto

/// Codes for a user who has lost the second factor: shown once, to be printed, and good for one sign-in each.
///
///     let codes = RecoveryCodes()
///     codes.texts                                              // for the user, now and never again
///     codes.hashes                                             // for the store
///
///     if let index = RecoveryCodes.index(of: typed, in: stored.hashes) {
///         // Take the hash out of the store; only where it was there still, let the user in.
///     }
public struct RecoveryCodes: Sendable {
    /// `ABCD-EFGH-IJKL-MNOP`: 80 random bits.
    public let texts: [String]
    /// The SHA-256 of each. With so many bits nobody finds the code by trying.
    public let hashes: [String]
    private static let codeBytes = 10

    /// New codes, in place of all that the user had.
    public init(count: Int = 10) {
        let codes = (0..<max(1, min(count, 100))).map { _ in Secrets.random(Self.codeBytes) }
        texts = codes.map { code in
            let text = Array(Base32.text(of: code).utf8)
            return stride(from: 0, to: text.count, by: 4)
                .map { String(decoding: text[$0..<min($0 + 4, text.count)], as: UTF8.self) }.joined(separator: "-")
        }
        hashes = codes.map(Self.hash)
    }

    /// Which of the hashes is that of the code, as it was typed: in either case, with or without hyphens and blanks.
    ///
    /// - Returns: nil where none is.
    public static func index(of typed: String, in hashes: [String]) -> Int? {
        guard typed.utf8.count <= 64, let code = Base32.bytes(of: typed), code.count == codeBytes else { return nil }
        let hash = hash(code)
        var found: Int?
        for (index, stored) in hashes.enumerated() where Secrets.areEqual(stored.utf8, hash.utf8) { found = index }
        return found
    }

    private static func hash(_ code: [UInt8]) -> String {
        Base64URL.text(of: SHA256.hash(data: Array("martlet recovery code ".utf8) + code))
    }
}
