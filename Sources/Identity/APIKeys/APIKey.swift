import Crypto

/// A secret by which a program proves who it is: `shop_` and 40 letters and digits, of which the last 6 are a checksum.
///
///     let key = try APIKey(prefix: "shop")
///     key.text                          // for the user, now and never again
///     key.hash                          // for the store, where it is found by it
///     key.hint                          // for the list of keys: shop_3fXa
///
///     let key = APIKey("shop_3fXa…")    // from a request; nil where the checksum is wrong, without a look into the store
public struct APIKey: Sendable {
    /// The whole key.
    public let text: String
    /// What the key begins with, for people and for programs that look for secrets where none should be.
    public let prefix: String
    private static let secretCharacters = 34
    private static let checksumCharacters = 6
    private static let shownCharacters = 4
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// A new key with 202 random bits.
    ///
    /// - Parameter prefix: 1 to 20 letters, digits and `_`, not with a `_` at either end.
    /// - Throws: ``APIKeyError`` for another prefix.
    public init(prefix: String) throws {
        guard Self.isPrefix(prefix.utf8) else { throw APIKeyError(prefix: prefix) }
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<Self.secretCharacters).map { _ in
            Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &generator)]
        }
        let body = Array(prefix.utf8) + [UInt8(ascii: "_")] + secret
        text = String(decoding: body + Self.checksum(of: body), as: UTF8.self)
        self.prefix = prefix
    }

    /// The key of a request, whoever made it.
    ///
    /// - Returns: nil for a text that cannot be one: it has another form, or the checksum is wrong.
    public init?(_ text: String) {
        let bytes = Array(text.utf8.prefix(128))
        guard bytes.count == text.utf8.count, let underscore = bytes.lastIndex(of: UInt8(ascii: "_")),
            bytes.count - underscore - 1 == Self.secretCharacters + Self.checksumCharacters,
            Self.isPrefix(bytes[..<underscore]), bytes[(underscore + 1)...].allSatisfy(Self.isAlphanumeric)
        else { return nil }
        let (body, checksum) = (bytes.dropLast(Self.checksumCharacters), bytes.suffix(Self.checksumCharacters))
        guard Self.checksum(of: body).elementsEqual(checksum) else { return nil }
        self.text = text
        prefix = String(decoding: bytes[..<underscore], as: UTF8.self)
    }

    /// The SHA-256 in hexadecimal digits, by which a store finds the key. With so many random bits nobody finds the key by
    /// it.
    public var hash: String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            let hex = String(byte, radix: 16)
            return hex.utf8.count == 1 ? "0\(hex)" : hex
        }.joined()
    }

    /// The prefix and the first 4 characters, for its owner to know it by.
    public var hint: String { String(text.prefix(prefix.utf8.count + 1 + Self.shownCharacters)) }

    /// Compares with a hash from the store, in constant time.
    public func matches(_ hash: String) -> Bool { Secrets.areEqual(self.hash.utf8, hash.utf8) }

    private static func isPrefix(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        let underscore = UInt8(ascii: "_")
        return (1...20).contains(bytes.count) && bytes.first != underscore && bytes.last != underscore
            && bytes.allSatisfy { $0 == underscore || isAlphanumeric($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { alphabet.contains(byte) }

    /// CRC-32 in the alphabet of the key.
    private static func checksum(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        var number = Int(~crc)
        var digits: [UInt8] = []
        for _ in 0..<checksumCharacters {
            digits.append(alphabet[number % alphabet.count])
            number /= alphabet.count
        }
        return digits.reversed()
    }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
    /// The hint: no log has the key.
    public var description: String { "\(hint)…" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A prefix that no key can have.
public struct APIKeyError: Error, CustomStringConvertible {
    let prefix: String
    /// A sentence that names it.
    public var description: String {
        "'\(prefix)' cannot be the prefix of API keys: it has 1 to 20 letters, digits and '_', none of these at its ends."
    }
}
