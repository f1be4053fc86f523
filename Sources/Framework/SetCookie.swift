#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A cookie for the browser to keep (RFC 6265bis section 4.1), by default `HttpOnly; SameSite=Lax; Path=/`.
///
/// Two beginnings of a name, in any case, are promises that browsers hold the cookie to (section 4.1.3), and so are held
/// here: a `__Secure-` cookie is `Secure`, and a `__Host-` cookie is, too, has the path `/`, and no domain.
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
    /// How long the browser keeps it, in whole seconds on the wire; nil until the browser closes, zero or less to delete it
    /// now. Browsers keep none longer than 400 days, whatever is said here.
    public var maxAge: Duration?
    /// Until when the browser keeps it; where there is a `maxAge`, that counts.
    public var expires: Date?
    /// True to have browsers send it over TLS alone. Where browsers take no other, the cookie is `Secure` without it: across
    /// sites, partitioned, or with a name that promises it.
    public var isSecure = false
    /// True to keep it from scripts.
    public var isHTTPOnly = true
    /// nil to leave the attribute out, which browsers take for `Lax`, most of them.
    public var sameSite: SameSite? = .lax
    /// True to give a page that is embedded in several sites a cookie for each of them (CHIPS). With `SameSite=None`, since
    /// others are not sent there.
    public var isPartitioned = false

    private static let maximumPairBytes = 4096
    private static let maximumAttributeBytes = 1024

    /// - Throws: `CookieError` for what browsers would not keep as it is meant: a name that is no token; a value with a
    ///   control, space, quote, comma, semicolon or backslash; a name and value of more than 4096 bytes together; a path that
    ///   does not begin with `/`, a domain that is empty, and either with a control, a semicolon, a space at its end, or more
    ///   than 1024 bytes; a `__Host-` cookie of another path, or with a domain.
    public init(
        _ name: String, _ value: String, path: String = "/", domain: String? = nil, maxAge: Duration? = nil
    ) throws {
        func check(_ holds: Bool, _ problem: String) throws {
            if !holds { throw CookieError(name: name, problem: problem) }
        }
        try check(!name.isEmpty && name.utf8.allSatisfy(Self.isToken), "its name is no token")
        try check(value.utf8.allSatisfy(Self.isValue), "its value has characters that no cookie may have")
        try check(
            name.utf8.count + value.utf8.count <= Self.maximumPairBytes,
            "its name and value have more than \(Self.maximumPairBytes) bytes")
        try check(path.utf8.first == UInt8(ascii: "/") && Self.isAttribute(path), "its path is none")
        try check(domain.map(Self.isAttribute) ?? true, "its domain is none")
        if Self.isForHost(name) {
            try check(path == "/" && domain == nil, "a __Host- cookie has the path / and no domain")
        }
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
        if isSecure || isSecureOnly { text += "; Secure" }
        if let sameSite { text += "; SameSite=\(sameSite.rawValue)" }
        if isPartitioned { text += "; Partitioned" }
        return text
    }

    /// True for a cookie that browsers take with `Secure` alone.
    private var isSecureOnly: Bool {
        sameSite == SameSite.none || isPartitioned || Self.isForHost(name) || Self.hasPrefix("__secure-", name)
    }

    private static func isForHost(_ name: String) -> Bool { hasPrefix("__host-", name) }

    /// - Parameter prefix: in lower case.
    private static func hasPrefix(_ prefix: String, _ name: String) -> Bool {
        // Most names begin otherwise, and are looked at no further.
        name.utf8.first == UInt8(ascii: "_") && name.lowercased().hasPrefix(prefix)
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
        let isText = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") }
        let hasBlankEnd = text.first == " " || text.last == " "
        return isText && !text.isEmpty && !hasBlankEnd && text.utf8.count <= maximumAttributeBytes
    }

    private static func isValue(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && !"\",;\\".utf8.contains(byte)
    }
}

/// A cookie that could not be written as it was given.
public struct CookieError: Error, CustomStringConvertible {
    let name: String
    let problem: String
    /// A sentence that names the cookie, and leaves its value out.
    public var description: String {
        // The name may be anything: it is cut, and what is not for a log is escaped.
        "The cookie \(String(name.prefix(64)).debugDescription) cannot be set: \(problem) (RFC 6265bis)."
    }
}

extension Double {
    /// Within the years of four digits, which are all that a date of HTTP can have.
    fileprivate var clamped: Double { isNaN ? 0 : min(max(self, 0), 253_402_300_799) }
}
