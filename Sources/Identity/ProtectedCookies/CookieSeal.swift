import MartletMiddleware
import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How a cookie is kept from being changed.
public enum CookieProtection: Sendable, Hashable {
    /// Nobody but the server can read or change it: AES-256 in GCM.
    case encrypted
    /// Anybody can read it, and nobody but the server change it: HMAC with SHA-256. The text is the JSON in Base64 (URL),
    /// a dot, and the code.
    case signed
}

/// Puts bytes into a text that only the same keys, for the same use, take apart.
struct CookieSeal: Sendable {
    let protection: CookieProtection
    /// The first writes.
    let keys: [SymmetricKey]
    private static let dot = UInt8(ascii: ".")
    /// A key for each message comes from the salt, so that there may be more than 2^32 of them.
    private static let saltBytes = 16
    private static let nonceBytes = 12
    private static let tagBytes = 16
    private static let codeBytes = 32

    /// - Parameter label: what the text belongs to. With another one it does not open.
    func seal(_ bytes: Data, _ label: String) throws -> String {
        switch protection {
        case .encrypted:
            let salt = Secrets.random(Self.saltBytes)
            let box = try AES.GCM.seal(bytes, using: Self.key(keys[0], salt), authenticating: Data(label.utf8))
            return Base64URL.text(of: salt + box.nonce + box.ciphertext + box.tag)
        case .signed:
            let text = Base64URL.text(of: bytes)
            return "\(text).\(Base64URL.text(of: Self.code(keys[0], text.utf8, label)))"
        }
    }

    /// - Returns: nil for what was not sealed with one of these keys.
    func open(_ text: some BidirectionalCollection<UInt8>, _ label: String) -> Data? {
        switch protection {
        case .encrypted:
            let overhead = Self.saltBytes + Self.nonceBytes + Self.tagBytes
            guard let bytes = Base64URL.bytes(of: text), bytes.count >= overhead,
                let box = try? AES.GCM.SealedBox(combined: bytes[Self.saltBytes...])
            else { return nil }
            for key in keys {
                let key = Self.key(key, Array(bytes[..<Self.saltBytes]))
                if let opened = try? AES.GCM.open(box, using: key, authenticating: Data(label.utf8)) { return opened }
            }
            return nil
        case .signed:
            guard let dot = text.lastIndex(of: Self.dot),
                let code = Base64URL.bytes(of: text[text.index(after: dot)...]), code.count == Self.codeBytes
            else { return nil }
            let signed = text[..<dot]
            guard keys.contains(where: { Secrets.areEqual(Self.code($0, signed, label), code) }) else { return nil }
            return Base64URL.bytes(of: signed).map { Data($0) }
        }
    }

    private static func key(_ key: SymmetricKey, _ salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: salt, outputByteCount: 32)
    }

    private static func code(
        _ key: SymmetricKey, _ text: some Collection<UInt8>, _ label: String
    ) -> HMAC<SHA256>.MAC {
        // A label has no NUL, so that nothing of it can be taken for the text.
        HMAC<SHA256>.authenticationCode(for: Array(label.utf8) + [0] + text, using: key)
    }
}
