import HTTPTypes
import MartletCore

/// What a request asks for, in the forms of RFC 9112 section 3.2.
struct RequestTarget {
    /// The path and query, or `*`.
    let originForm: String
    /// `http` or `https` in an absolute target.
    let scheme: String?
    /// The host of an absolute target, which stands over the `Host` field (section 3.2.2).
    let authority: String?

    /// - Throws: 400.
    init(_ text: String, _ method: HTTPRequest.Method) throws(HTTPError) {
        if text.utf8.first == UInt8(ascii: "/") || (text == "*" && method == .options) {
            originForm = text
            scheme = nil
            authority = nil
            return
        }
        // RFC 9110 section 4.2.3: the scheme matches in any case.
        let lowercased = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { lowercased.hasPrefix("\($0)://") }) else {
            throw .malformed("its target")
        }
        self.scheme = scheme
        let rest = text.utf8.dropFirst(scheme.utf8.count + 3)
        let pathStart = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? text.endIndex
        let authority = String(text[rest.startIndex..<pathStart])
        guard Self.isAuthority(authority) else { throw .malformed("the host of its target") }
        self.authority = authority
        let path = text[pathStart...]
        originForm =
            if path.isEmpty {
                // Section 3.2.4: a proxy would have written an asterisk.
                method == .options ? "*" : "/"
            } else {
                path.utf8.first == UInt8(ascii: "/") ? String(path) : "/\(path)"
            }
    }

    /// Visible ASCII, and no fragment.
    static func allows(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

    /// A host and perhaps a port (RFC 3986 section 3.2), without user information, which no http URI has
    /// (RFC 9110 section 4.2.4).
    static func isAuthority(_ text: String) -> Bool {
        var bytes = Substring(text).utf8
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let literal = bytes[..<end].dropFirst()
            guard literal.contains(UInt8(ascii: ":")),
                literal.allSatisfy({ $0.isHexDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return false }
            bytes = bytes[end...].dropFirst()
        } else {
            let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            let name = bytes[..<end]
            guard !name.isEmpty, isRegisteredName(name) else { return false }
            bytes = bytes[end...]
        }
        if bytes.isEmpty { return true }
        return bytes.first == UInt8(ascii: ":") && bytes.count <= 6
            && bytes.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The characters of RFC 3986's reg-name; the comma is left out, so that no list passes for a host.
    private static func isRegisteredName(_ name: Substring.UTF8View) -> Bool {
        var index = name.startIndex
        while index < name.endIndex {
            switch name[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&")...UInt8(ascii: "+"),
                UInt8(ascii: ";"), UInt8(ascii: "="):
                break
            case UInt8(ascii: "%"):
                let digits = name[index...].dropFirst().prefix(2)
                guard digits.count == 2, digits.allSatisfy(\.isHexDigit) else { return false }
            default: return false
            }
            index = name.index(after: index)
        }
        return true
    }
}
