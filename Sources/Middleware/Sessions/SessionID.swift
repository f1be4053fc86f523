import MartletCore

/// Names a session where its owner, an operator or a log may see it: in a list of devices, in a form that ends one. Who knows it
/// cannot take the session over. It stays the same when the id is renewed.
public struct SessionHandle: Sendable, Hashable, CustomStringConvertible {
    private let bits: RandomBits

    /// A new one, from the system's generator.
    public init() { bits = RandomBits() }

    /// - Parameter text: 32 hexadecimal digits in lower case; anything else is none.
    public init?(_ text: String) {
        guard let bits = RandomBits(text.utf8) else { return nil }
        self.bits = bits
    }

    init(_ bits: RandomBits) { self.bits = bits }

    /// As good as random.
    var number: UInt64 { bits.low }

    /// 32 hexadecimal digits in lower case.
    public var text: String { bits.text }
    /// The same as the text.
    public var description: String { text }
}

extension SessionHandle: Codable, FieldConvertible {
    /// Ends the message "must be …".
    public static var expectation: String { "the handle of a session" }
    /// The handle that a form or a path names.
    public init?(field: String) { self.init(field) }
    /// Reads the text.
    public init(from decoder: any Decoder) throws { bits = try RandomBits(from: decoder) }
    /// Writes the text.
    public func encode(to encoder: any Encoder) throws { try bits.encode(to: encoder) }
}

/// What a client proves with that a session is its own: 128 bits that cannot be guessed, and that go nowhere but into the store
/// and the client's cookie. Another one takes its place when the session is renewed.
public struct SessionSecret: Sendable, Hashable, Codable, CustomStringConvertible {
    private let bits: RandomBits

    /// A new one, from the system's generator.
    public init() { bits = RandomBits() }

    init(_ bits: RandomBits) { self.bits = bits }

    /// 32 hexadecimal digits in lower case, for the store.
    public var text: String { bits.text }
    /// Does not tell it: a log is not the place.
    public var description: String { "SessionSecret" }
    /// Reads the text.
    public init(from decoder: any Decoder) throws { bits = try RandomBits(from: decoder) }
    /// Writes the text.
    public func encode(to encoder: any Encoder) throws { try bits.encode(to: encoder) }
}

/// What the cookie of a session has: its handle, and the secret that proves it.
package struct SessionID: Sendable, Hashable {
    package let handle: SessionHandle
    package let secret: SessionSecret

    package init(handle: SessionHandle = SessionHandle(), secret: SessionSecret = SessionSecret()) {
        self.handle = handle
        self.secret = secret
    }

    /// What a client sent, nil where it is no id's text.
    package init?(_ text: some BidirectionalCollection<UInt8>) {
        guard text.count == 2 * RandomBits.digitCount, let handle = RandomBits(text.prefix(RandomBits.digitCount)),
            let secret = RandomBits(text.suffix(RandomBits.digitCount))
        else { return nil }
        (self.handle, self.secret) = (SessionHandle(handle), SessionSecret(secret))
    }

    /// 64 hexadecimal digits in lower case.
    package var text: String { handle.text + secret.text }
}

/// 128 bits from the system's generator, written as 32 hexadecimal digits in lower case.
struct RandomBits: Sendable, Hashable, Codable {
    // Two words and not their text: every request with a session makes some, and looks them up.
    private let high: UInt64
    let low: UInt64
    static let digitCount = 32

    init() {
        var generator = SystemRandomNumberGenerator()
        (high, low) = (generator.next(), generator.next())
    }

    init?(_ text: some BidirectionalCollection<UInt8>) {
        guard text.count == Self.digitCount, let high = Self.word(text.prefix(16)), let low = Self.word(text.suffix(16))
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bits = Self(try container.decode(String.self).utf8) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not \(Self.digitCount) hexadecimal digits in lower case")
        }
        self = bits
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    var text: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func word(_ digits: some Sequence<UInt8>) -> UInt64? {
        var word: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): word = word << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): word = word << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return word
    }
}
