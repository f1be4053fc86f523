#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A cookie for the browser to keep (RFC 6265 section 4.1), by default `HttpOnly; SameSite=Lax; Path=/`.
public struct SetCookie: Sendable, Hashable {
    /// With which requests from other sites browsers send the cookie (RFC 6265bis section 4.1.2.7).
    public enum SameSite: String, Sendable {
        /// When the user follows a link from another site, but not with posted forms, images or scripts.
        case lax = "Lax"
        /// With none.
        case strict = "Strict"
        /// Also across sites. Browsers take it from secure cookies alone, so the cookie is `Secure` then.
        case none = "None"
    }

    /// The cookie-name, a token (RFC 9110 section 5.6.2).
    public let name: String
    /// What the browser sends back, as it is.
    public let value: String
    /// Browsers send the cookie with requests for this path and those below it.
    public let path: String
    /// The domain that gets the cookie, with all below it; nil for the host that set it, alone.
    public let domain: String?
    /// How long the browser keeps it, in whole seconds on the wire; nil until the browser closes, zero or less to delete it now.
    public var maxAge: Duration?
    /// Until when the browser keeps it; where there is a `maxAge`, that counts.
    public var expires: Date?
    /// True to have browsers send it over TLS alone.
    public var isSecure = false
    /// True to keep it from scripts.
    public var isHTTPOnly = true
    /// nil to leave the attribute out, which browsers take for `Lax`, most of them.
    public var sameSite: SameSite? = .lax

    /// - Throws: `CookieError` for a name that is no token, a value with a control, space, quote, comma, semicolon or
    ///   backslash, or a path or domain that is empty or has a control or semicolon.
    public init(
        _ name: String, _ value: String, path: String = "/", domain: String? = nil, maxAge: Duration? = nil
    ) throws {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isToken), value.utf8.allSatisfy(Self.isValue),
            Self.isAttribute(path), domain.map(Self.isAttribute) ?? true
        else { throw CookieError(name: name) }
        self.name = name
        self.value = value
        self.path = path
        self.domain = domain
        self.maxAge = maxAge
    }

    /// The `Set-Cookie` value.
    package var headerValue: String {
        var text = "\(name)=\(value); Path=\(path)"
        if let domain { text += "; Domain=\(domain)" }
        if let maxAge { text += "; Max-Age=\(max(0, maxAge.components.seconds))" }
        if let expires { text += "; Expires=\(HTTPDate.text(of: Int(expires.timeIntervalSince1970.clamped)))" }
        if isHTTPOnly { text += "; HttpOnly" }
        if isSecure || sameSite == SameSite.none { text += "; Secure" }
        if let sameSite { text += "; SameSite=\(sameSite.rawValue)" }
        return text
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isAttribute(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") }
    }

    private static func isValue(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && !"\",;\\".utf8.contains(byte)
    }
}

/// A cookie that could not be written as it was given.
public struct CookieError: Error, CustomStringConvertible {
    let name: String
    /// A sentence that names the cookie, and leaves its value out.
    public var description: String {
        "The cookie '\(name)' has a name, value, path or domain that RFC 6265 does not allow."
    }
}

extension Double {
    /// Within the years of four digits, which are all that a date of HTTP can have.
    fileprivate var clamped: Double { isNaN ? 0 : min(max(self, 0), 253_402_300_799) }
}
