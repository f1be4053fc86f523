import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The secret keys of an app, for its cookies and tokens: the first writes, all read.
///
/// To change the key, put a new one before the old one; take the old one out when nothing that it wrote is in use any longer.
/// Each use has keys of its own, which are derived from these (HKDF, RFC 5869).
///
///     let keys = try KeyRing(["3q2+7w…", "the key before"])
public struct KeyRing: Sendable {
    private let keys: [SymmetricKey]
    private static let minimumBytes = 32
    private static let maximumKeys = 16

    /// - Parameter keys: in Base64, from 32 random bytes each: `openssl rand -base64 32` makes one, and so does ``newKey()``.
    /// - Throws: ``KeyRingError``, which ends the start-up with a sentence.
    public init(_ keys: [String]) throws {
        guard (1...Self.maximumKeys).contains(keys.count) else { throw KeyRingError(problem: "There is no key.") }
        self.keys = try keys.enumerated().map { index, text in
            guard let bytes = Data(base64Encoded: text.trimmingBlanks), bytes.count >= Self.minimumBytes else {
                throw KeyRingError(problem: "Key \(index + 1) is not the Base64 of 32 bytes or more.")
            }
            return SymmetricKey(data: bytes)
        }
    }

    private init(_ key: SymmetricKey) { keys = [key] }

    /// A key that nobody keeps, for tests and development: what it wrote is worth nothing after the process has ended.
    public static func temporary() -> KeyRing { KeyRing(SymmetricKey(size: .bits256)) }

    /// A new key, in Base64.
    public static func newKey() -> String { Data(Secrets.random(minimumBytes)).base64EncodedString() }

    /// Keys of 256 bits for one use, in the order of those that they come from.
    ///
    /// - Parameter use: its parts; with another part, or the same text divided otherwise, come other keys.
    func keys(for use: String...) -> [SymmetricKey] {
        let info = use.reduce(into: Array("martlet".utf8)) { info, part in
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.utf8.count).bigEndian) { info += $0 }
            info += part.utf8
        }
        return keys.map { HKDF<SHA256>.deriveKey(inputKeyMaterial: $0, info: info, outputByteCount: 32) }
    }
}

extension KeyRing: CustomStringConvertible, CustomReflectable {
    /// How many there are.
    public var description: String { "KeyRing of \(keys.count)" }
    /// Nothing: no log has a key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why there are no keys.
public struct KeyRingError: Error, CustomStringConvertible {
    let problem: String
    /// A sentence without the keys.
    public var description: String { "\(problem) `openssl rand -base64 32` makes one." }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
