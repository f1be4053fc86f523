import Crypto
import CryptoExtras

/// Holds passwords against hashes of PBKDF2 (RFC 8018 section 5.2), as passlib writes them
/// (`$pbkdf2-sha256$600000$salt$hash`) or with the names of the PHC string format (`$pbkdf2-sha256$i=600000$salt$hash`,
/// `$pbkdf2-sha256$i=600000,l=32$salt$hash`).
public struct PBKDF2Verifier: PasswordVerifier {
    /// The hash functions SHA-256 and SHA-512.
    public let formats: Set<String> = ["pbkdf2-sha256", "pbkdf2-sha512"]
    private static let maximumIterations = 5_000_000

    /// A verifier.
    public init() {}

    /// True for the right password.
    ///
    /// - Throws: ``PasswordError`` for a hash that cannot be read, or one of more than 5 million iterations.
    public func isRight(_ password: String, for hash: PasswordHash) throws -> Bool {
        let phc = try PHCString(hash.rawValue)
        guard formats.contains(phc.name) else { throw PasswordError.unknownFormat(phc.name) }
        let iterations = try iterations(phc)
        guard (1...Self.maximumIterations).contains(iterations) else { throw PasswordError.tooCostly }
        let derived = try KDF.Insecure.PBKDF2.deriveKey(
            from: Array(password.utf8), salt: phc.salt, using: phc.name == "pbkdf2-sha512" ? .sha512 : .sha256,
            outputByteCount: phc.hash.count, unsafeUncheckedRounds: iterations)
        return derived == SymmetricKey(data: phc.hash)
    }

    private func iterations(_ phc: PHCString) throws -> Int {
        if let number = PHCString.number(phc.parameters[...]) { return number }
        if !phc.parameters.contains(",") { return try phc.numbers("i")[0] }
        let numbers = try phc.numbers("i", "l")
        guard numbers[1] == phc.hash.count else { throw PasswordError.malformedHash }
        return numbers[0]
    }
}
