import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A second factor by time-based codes (TOTP, RFC 6238), as authenticator apps show them: 6 digits, new every 30 seconds.
///
///     let totp = TOTP()                                        // when the user turns it on
///     totp.uri(issuer: "Shop", account: "ada@example.com")     // for the QR code
///     totp.secret                                              // for the store
///
///     let totp = TOTP(secret: stored.secret)                   // at sign-in
///     guard let step = totp?.verify(code, now: now, after: stored.lastStep) else { … }
///     // Store the step as the last one, where that is still `stored.lastStep`: a code counts once.
public struct TOTP: Sendable {
    /// The hash function of the code. Some authenticator apps know SHA-1 alone, with which nothing is wrong here.
    public enum Algorithm: String, Sendable {
        /// What all apps know.
        case sha1 = "SHA1"
        /// SHA-256.
        case sha256 = "SHA256"
        /// SHA-512.
        case sha512 = "SHA512"
    }

    private let key: [UInt8]
    /// The hash function.
    public let algorithm: Algorithm
    /// How many digits a code has, 6 to 8.
    public let digits: Int
    /// Seconds for which a code is shown.
    public let period: Int
    /// How many steps a clock may be wrong, either way.
    private static let window: Int64 = 1

    /// A new secret of 160 bits (RFC 4226 section 4).
    public init() { self.init(key: Secrets.random(20), .sha1, digits: 6, period: 30) }

    /// A secret from the store.
    ///
    /// - Parameter secret: in Base32, of 16 bytes or more.
    /// - Returns: nil where it is not.
    public init?(secret: String, algorithm: Algorithm = .sha1, digits: Int = 6, period: Int = 30) {
        guard let key = Base32.bytes(of: secret), (16...128).contains(key.count), (6...8).contains(digits),
            (1...3600).contains(period)
        else { return nil }
        self.init(key: key, algorithm, digits: digits, period: period)
    }

    private init(key: [UInt8], _ algorithm: Algorithm, digits: Int, period: Int) {
        self.key = key
        self.algorithm = algorithm
        self.digits = digits
        self.period = period
    }

    /// The secret in Base32, for the store, and for the user to type where there is no camera. Whoever reads it has the
    /// factor: keep it apart from the passwords' hashes, or encrypted.
    public var secret: String { Base32.text(of: key) }

    /// What a QR code for an authenticator app says: `otpauth://totp/Shop:ada%40example.com?secret=…&issuer=Shop…`.
    ///
    /// - Parameters:
    ///   - issuer: the name of the app.
    ///   - account: the name of the user.
    public func uri(issuer: String, account: String) -> String {
        let (issuer, account) = (Self.encoded(issuer), Self.encoded(account))
        return "otpauth://totp/\(issuer):\(account)?secret=\(secret)&issuer=\(issuer)&algorithm=\(algorithm.rawValue)"
            + "&digits=\(digits)&period=\(period)"
    }

    /// The code that an app shows at that time.
    public func code(at time: Date) -> String { code(step: step(at: time)) }

    /// Holds a code against that of the time and those of the steps before and after it; blanks in it are left out.
    ///
    /// - Parameters:
    ///   - lastStep: the step of the code that this user gave last; nil where there was none. That step, and all before it,
    ///     are over: who has looked over the user's shoulder cannot use the code again.
    /// - Returns: the step of the code, to be stored as the last one; nil for a code that is wrong or was used.
    public func verify(_ code: String, now: Date, after lastStep: Int64?) -> Int64? {
        guard code.utf8.count <= 32 else { return nil }
        let code = code.utf8.filter { $0 != UInt8(ascii: " ") }
        let present = step(at: now)
        var found: Int64?
        // All of them, whichever is right: the time does not tell.
        for step in (present - Self.window)...(present + Self.window) {
            let isRight = Secrets.areEqual(self.code(step: step).utf8, code)
            if isRight, found == nil, lastStep.map({ step > $0 }) ?? true { found = step }
        }
        return found
    }

    private func step(at time: Date) -> Int64 { max(0, time.seconds) / Int64(period) }

    /// RFC 4226 section 5.3.
    private func code(step: Int64) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let key = SymmetricKey(data: self.key)
        let mac: [UInt8] =
            switch algorithm {
            case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: key))
            case .sha256: Array(HMAC<SHA256>.authenticationCode(for: counter, using: key))
            case .sha512: Array(HMAC<SHA512>.authenticationCode(for: counter, using: key))
            }
        let offset = Int(mac[mac.count - 1] & 15)
        let number = mac[offset..<(offset + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(UInt32(1)) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// RFC 3986 section 2.3: all but these are encoded.
    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
    }
}
