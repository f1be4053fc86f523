import Crypto
import CryptoExtras
import MartletMiddleware

/// The comparisons and the random bytes of everything that is secret here.
enum Secrets {
    /// Bytes of the system's generator.
    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Takes a time that tells nothing of where two differ, only whether their lengths do.
    static func areEqual(_ one: some Sequence<UInt8>, _ other: some Sequence<UInt8>) -> Bool {
        let (one, other) = (Array(one), Array(other))
        guard one.count == other.count else { return false }
        // Keys are compared in constant time.
        return SymmetricKey(data: one) == SymmetricKey(data: other)
    }

    /// What is kept of a secret that nobody finds by trying.
    static func hash(of secret: String) -> String { Base64URL.text(of: SHA256.hash(data: Array(secret.utf8))) }
}
