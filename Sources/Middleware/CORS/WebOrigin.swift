/// An origin as browsers write it (RFC 6454, section 6.2; HTML, "ASCII serialization of an origin"): `https://shop.example` or
/// `http://localhost:3000`.
public struct WebOrigin: Hashable, Sendable {
    /// In lower case: `https`.
    public let scheme: String
    /// A name in lower case and ASCII, an address of IPv4, or one of IPv6 in its brackets.
    public let host: String
    /// nil for the scheme's own, which is never written.
    public let port: Int?

    /// nil for everything that a browser does not write: a path or a slash at the end, capitals, a user, the scheme's own port,
    /// `null`, and two of them.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, let colon = text.firstIndex(of: ":"),
            text[colon...].hasPrefix("://")
        else { return nil }
        scheme = String(text[..<colon])
        guard let first = scheme.utf8.first, Self.isLetter(first),
            scheme.utf8.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        let authority = text[colon...].dropFirst(3)
        let end: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]"),
                let address = IPAddress(authority[..<bracket].dropFirst()),
                authority[..<bracket].utf8.contains(UInt8(ascii: ":")),
                address.isV4 || authority[...bracket] == "[\(address)]", authority.lowercased() == authority
            else { return nil }
            end = authority.index(after: bracket)
        } else {
            end = authority.firstIndex(of: ":") ?? authority.endIndex
            guard Self.isName(authority[..<end]) else { return nil }
        }
        host = String(authority[..<end])
        guard end < authority.endIndex else {
            port = nil
            return
        }
        let digits = authority[end...].dropFirst()
        guard authority[end] == ":", let number = UInt16(digits), "\(number)" == digits,
            Self.defaultPorts[scheme] != number
        else { return nil }
        port = Int(number)
    }

    private static let defaultPorts: [String: UInt16] = ["http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21]
    private static let maximumLength = 300

    /// Labels with something in them; a dot at the end makes another host, as it does for browsers.
    private static func isName(_ text: Substring) -> Bool {
        var labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        return labels.allSatisfy { label in
            !label.isEmpty && label.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension WebOrigin: CustomStringConvertible {
    /// As it was written.
    public var description: String { "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")" }
}
