#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The cookies that servers have set, as RFC 6265 has them kept and sent. It knows no list of public suffixes.
public struct CookieJar: Sendable {
    public struct Cookie: Sendable, Hashable {
        public var name: String
        public var value: String
        public var domain: String
        /// Whether only that very host gets it.
        public var isHostOnly = true
        public var path = "/"
        public var isSecure = false
        /// `nil`: for as long as the jar lives.
        public var expires: Date?
    }

    /// Oldest first.
    public private(set) var cookies: [Cookie] = []
    private static let maximumCookies = 1000

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

    /// Takes a `Set-Cookie` header, sections 5.2 and 5.3; ignores what that URL may not set.
    public mutating func keep(_ line: String, from url: URL, at now: Date) {
        guard let host = url.host?.lowercased(), var cookie = Self.cookie(line, host, url) else { return }
        var maximumAge: Int?
        for attribute in line.split(separator: ";").dropFirst() {
            let (name, value) = Self.halves(attribute)
            switch name.lowercased() {
            case "domain" where !value.isEmpty:
                cookie.domain = String(value.drop { $0 == "." }).lowercased()
                cookie.isHostOnly = false
            case "path" where value.hasPrefix("/"): cookie.path = value
            case "secure": cookie.isSecure = true
            case "max-age": maximumAge = Int(value) ?? maximumAge
            case "expires": cookie.expires = CookieDate.parse(value) ?? cookie.expires
            default: break
            }
        }
        if let maximumAge {
            cookie.expires = maximumAge > 0 ? now.addingTimeInterval(Double(maximumAge)) : .distantPast
        }
        guard cookie.domain == host || (cookie.domain.contains(".") && Self.isBelow(host, cookie.domain)) else {
            return
        }
        if cookie.domain == host, Self.isAddress(host) { cookie.isHostOnly = true }
        if cookie.isSecure, url.scheme != "https" { return }
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
        let pair = line.prefix { $0 != ";" }
        guard pair.contains("=") else { return nil }
        let (name, value) = halves(pair)
        guard !name.isEmpty else { return nil }
        // Section 5.1.4: the path's folder.
        let folder = url.path.lastIndex(of: "/").map { String(url.path[..<$0]) } ?? ""
        return Cookie(name: name, value: value, domain: host, path: folder.isEmpty ? "/" : folder)
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
        let path = url.path.isEmpty ? "/" : url.path
        guard path != cookie.path else { return true }
        guard path.hasPrefix(cookie.path) else { return false }
        return cookie.path.hasSuffix("/") || path.dropFirst(cookie.path.count).hasPrefix("/")
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
