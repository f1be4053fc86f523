#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The cookies that servers have set, as RFC 6265 has them kept and sent. It knows no list of public suffixes.
public struct CookieJar: Sendable {
    /// A cookie as it is stored, RFC 6265 section 5.3.
    public struct Cookie: Sendable, Hashable {
        /// The cookie-name, compared in its case.
        public var name: String
        /// The cookie-value as it was sent, quotes included.
        public var value: String
        /// The host that set the cookie, or the domain that its `Domain` attribute names; in lower case, with no
        /// leading dot.
        public var domain: String
        /// Whether only that very host gets it.
        public var isHostOnly = true
        /// The cookie is sent with requests for this path and those below it.
        public var path = "/"
        /// Whether only requests over `https` get it.
        public var isSecure = false
        /// `nil`: for as long as the jar lives.
        public var expires: Date?
    }

    /// Oldest first.
    public private(set) var cookies: [Cookie] = []
    private static let maximumCookies = 1000

    /// An empty jar.
    public init() {}

    /// The value of the first cookie of that name.
    public subscript(name: String) -> String? { cookies.first { $0.name == name }?.value }

    /// The `Cookie` header of a request, section 5.4; `nil` for none.
    public func header(for url: URL, at now: Date) -> String? {
        let pairs =
            cookies
            .filter { Self.matches($0, url) && ($0.expires ?? .distantFuture) > now }
            .sorted { $0.path.utf8.count > $1.path.utf8.count }
            .map { "\($0.name)=\($0.value)" }
        return pairs.isEmpty ? nil : pairs.joined(separator: "; ")
    }

    /// Takes a `Set-Cookie` header, as RFC 6265 sections 5.2 and 5.3 say, and RFC 6265bis where it says more; ignores what
    /// that URL may not set.
    public mutating func keep(_ line: String, from url: URL, at now: Date) {
        guard let host = url.host?.lowercased(), var cookie = Self.cookie(line, host, url) else { return }
        let attributes = Self.attributes(line)
        if let domain = attributes.domain, !domain.isEmpty {
            guard domain == host || (domain.contains(".") && Self.isBelow(host, domain)) else { return }
            cookie.domain = domain
            // An address has nothing below it.
            cookie.isHostOnly = Self.isAddress(host)
        }
        if let path = attributes.path, path.hasPrefix("/") { cookie.path = path }
        cookie.isSecure = attributes.isSecure
        cookie.expires =
            attributes.maxAge.map { $0 > 0 ? now.addingTimeInterval(Double($0)) : .distantPast } ?? attributes.expires
        guard !cookie.isSecure || url.scheme == "https", Self.keepsPrefix(cookie, attributes) else { return }
        let existing = cookies.firstIndex {
            $0.name == cookie.name && $0.domain == cookie.domain && $0.path == cookie.path
        }
        if let existing {
            cookies[existing] = cookie
        } else {
            cookies.append(cookie)
        }
        cookies.removeAll { ($0.expires ?? .distantFuture) <= now }
        if cookies.count > Self.maximumCookies { cookies.removeFirst() }
    }

    private static func cookie(_ line: String, _ host: String, _ url: URL) -> Cookie? {
        // RFC 6265bis section 5.6: a control character makes all of it void, and so does a pair of more than 4096 bytes.
        guard !line.utf8.contains(where: { ($0 < 0x20 && $0 != UInt8(ascii: "\t")) || $0 == 0x7f }) else { return nil }
        let pair = line.prefix { $0 != ";" }
        guard pair.contains("=") else { return nil }
        let (name, value) = halves(pair)
        guard !name.isEmpty, name.utf8.count + value.utf8.count <= 4096 else { return nil }
        return Cookie(name: name, value: value, domain: host, path: defaultPath(of: url))
    }

    /// What stands behind the pair; of an attribute that stands there twice the last counts.
    private struct Attributes {
        var domain: String?
        var path: String?
        var isSecure = false
        var maxAge: Int?
        var expires: Date?
    }

    private static func attributes(_ line: String) -> Attributes {
        var attributes = Attributes()
        for attribute in line.split(separator: ";", omittingEmptySubsequences: false).dropFirst() {
            let (name, value) = halves(attribute)
            guard value.utf8.count <= 1024 else { continue }
            switch name.lowercased() {
            // Section 5.2.3: one leading dot counts for nothing.
            case "domain": attributes.domain = (value.hasPrefix(".") ? String(value.dropFirst()) : value).lowercased()
            case "path": attributes.path = value
            case "secure": attributes.isSecure = true
            case "max-age": attributes.maxAge = maxAge(value) ?? attributes.maxAge
            case "expires": attributes.expires = CookieDate.parse(value) ?? attributes.expires
            default: break
            }
        }
        return attributes
    }

    /// Section 5.2.2: digits, with a minus or without; more than fit are as many as fit.
    private static func maxAge(_ text: String) -> Int? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        // A hundred years: a date can take no number that has no end.
        return text.hasPrefix("-") ? -1 : min(Int(digits) ?? .max, 100 * 365 * 86_400)
    }

    /// RFC 6265bis section 4.1.3: what the name promises has to be so.
    private static func keepsPrefix(_ cookie: Cookie, _ attributes: Attributes) -> Bool {
        let name = cookie.name.lowercased()
        if name.hasPrefix("__host-") {
            return cookie.isSecure && (attributes.domain ?? "").isEmpty && attributes.path == "/"
        }
        return !name.hasPrefix("__secure-") || cookie.isSecure
    }

    /// The path of a URL as it goes over the wire: escapes are not decoded before paths are compared.
    private static func path(of url: URL) -> String {
        let path = URLComponents(url: url, resolvingAgainstBaseURL: true)?.percentEncodedPath ?? ""
        return path.isEmpty ? "/" : path
    }

    /// Section 5.1.4: up to the last slash, which does not belong to it, but where it is the first.
    private static func defaultPath(of url: URL) -> String {
        let path = path(of: url)
        guard path.hasPrefix("/"), let last = path.lastIndex(of: "/"), last != path.startIndex else { return "/" }
        return String(path[..<last])
    }

    private static func halves(_ text: Substring) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (trimmed(parts[0]), parts.count > 1 ? trimmed(parts[1]) : "")
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }

    private static func matches(_ cookie: Cookie, _ url: URL) -> Bool {
        guard let host = url.host?.lowercased(), !cookie.isSecure || url.scheme == "https" else { return false }
        guard host == cookie.domain || (!cookie.isHostOnly && isBelow(host, cookie.domain)) else { return false }
        // Section 5.1.4, by bytes.
        let path = Array(path(of: url).utf8)
        let prefix = Array(cookie.path.utf8)
        guard path.starts(with: prefix) else { return false }
        return path.count == prefix.count || prefix.last == UInt8(ascii: "/") || path[prefix.count] == UInt8(ascii: "/")
    }

    private static func isBelow(_ host: String, _ domain: String) -> Bool {
        host.hasSuffix("." + domain) && !isAddress(host)
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

/// RFC 6265, section 5.1.1 "Dates": lenient about order and separators, strict about the numbers.
enum CookieDate {
    static func parse(_ text: String) -> Date? {
        var time: [Int]?
        var day: Int?
        var month: Int?
        var year: Int?
        let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        for token in text.lowercased().split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == ":") }) {
            let clock = token.split(separator: ":").compactMap { Int($0) }
            if time == nil, token.contains(":"), clock.count == 3 {
                time = clock
            } else if day == nil, token.count <= 2, let number = Int(token) {
                day = number
            } else if month == nil, let index = months.firstIndex(where: { token.hasPrefix($0) }) {
                month = index + 1
            } else if year == nil, let number = Int(token), token.count == 2 || token.count == 4 {
                year = number < 70 ? number + 2000 : number < 100 ? number + 1900 : number
            }
        }
        guard let time, let day, let month, let year, (1...31).contains(day), year >= 1601, time[0] <= 23,
            time[1] <= 59, time[2] <= 59
        else { return nil }
        let days = daysSinceEpoch(year, month, day)
        return Date(timeIntervalSince1970: Double(days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]))
    }

    /// The proleptic Gregorian calendar, counted from 1 March so that the leap day is a year's last.
    private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let shifted = (month + 9) % 12
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1
        return days - 719_468
    }
}
