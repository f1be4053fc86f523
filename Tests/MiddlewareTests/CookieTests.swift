import Foundation
import Martlet
import Testing

@testable import MartletCore

/// RFC 6265bis.
@Suite struct CookieTests {
    @Test func `a cookie is HttpOnly, Lax and of the whole site by default`() throws {
        #expect(try SetCookie("a", "1").headerValue == "a=1; Path=/; HttpOnly; SameSite=Lax")
    }

    @Test func `each attribute is written`() throws {
        var cookie = try SetCookie("a", "1", path: "/x", domain: "example.com", maxAge: .milliseconds(1999))
        cookie.isSecure = true
        cookie.isHTTPOnly = false
        cookie.sameSite = .strict
        #expect(cookie.headerValue == "a=1; Path=/x; Domain=example.com; Max-Age=1; Secure; SameSite=Strict")
        cookie.expires = Date(timeIntervalSince1970: 784_111_777.5)
        cookie.maxAge = nil
        let expires = "Expires=Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(cookie.headerValue == "a=1; Path=/x; Domain=example.com; \(expires); Secure; SameSite=Strict")
    }

    @Test func `a partitioned cookie is secure`() throws {
        var cookie = try SetCookie("a", "1")
        cookie.isPartitioned = true
        cookie.sameSite = SetCookie.SameSite.none
        #expect(cookie.headerValue == "a=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned")
        cookie.sameSite = nil
        #expect(cookie.headerValue == "a=1; Path=/; HttpOnly; Secure; Partitioned")
    }

    /// Section 4.1.3. The beginnings count in any case, as they do to browsers.
    @Test(
        arguments: [
            ("__Secure-a", "/", nil, true), ("__Secure-a", "/x", "example.com", true), ("__SECURE-a", "/", nil, true),
            ("__Host-a", "/", nil, true), ("__host-a", "/", nil, true), ("__hOST-a", "/", nil, true),
            ("__Host-a", "/x", nil, nil), ("__Host-a", "/", "example.com", nil), ("__HOST-a", "/x", nil, nil),
            ("__host-a", "/", "example.com", nil), ("__Host-", "/", "example.com", nil),
            ("_Host-a", "/x", nil, false), ("a__Host-a", "/x", nil, false), ("__Hosta", "/x", nil, false),
            ("__Secure", "/", nil, false), ("Host-a", "/", nil, false),
        ] as [(String, String, String?, Bool?)])
    func `what a name promises is kept`(name: String, path: String, domain: String?, isSecure: Bool?) throws {
        guard let isSecure else {
            #expect(throws: CookieError.self) { try SetCookie(name, "1", path: path, domain: domain) }
            return
        }
        var cookie = try SetCookie(name, "1", path: path, domain: domain)
        // Whatever is set afterwards.
        cookie.isSecure = false
        #expect(cookie.headerValue.contains("; Secure") == isSecure)
    }

    @Test func `name and value have 4096 bytes at most, and an attribute 1024`() throws {
        #expect(throws: Never.self) { try SetCookie("ab", String(repeating: "x", count: 4094)) }
        #expect(throws: CookieError.self) { try SetCookie("ab", String(repeating: "x", count: 4095)) }
        #expect(throws: CookieError.self) { try SetCookie(String(repeating: "x", count: 4097), "") }
        #expect(throws: Never.self) { try SetCookie("a", "", path: "/" + String(repeating: "x", count: 1023)) }
        #expect(throws: CookieError.self) { try SetCookie("a", "", path: "/" + String(repeating: "x", count: 1024)) }
        #expect(throws: CookieError.self) { try SetCookie("a", "", domain: String(repeating: "x", count: 1025)) }
    }

    @Test(arguments: [
        (Duration.seconds(Int64.max), "Max-Age=9223372036854775807"), (.seconds(Int64.min), "Max-Age=0"),
        (.seconds(400 * 24 * 3600), "Max-Age=34560000"),
    ])
    func `a lifetime is written whatever it is`(maxAge: Duration, text: String) throws {
        #expect(try SetCookie("a", "", maxAge: maxAge).headerValue.contains("; \(text);"))
    }

    @Test(arguments: [
        (Double.nan, "Thu, 01 Jan 1970 00:00:00 GMT"), (-.infinity, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (.infinity, "Fri, 31 Dec 9999 23:59:59 GMT"), (-1e300, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1e300, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `a date is written whatever it is`(seconds: Double, text: String) throws {
        var cookie = try SetCookie("a", "")
        cookie.expires = Date(timeIntervalSince1970: seconds)
        #expect(cookie.headerValue.contains("; Expires=\(text);"))
    }

    @Test func `an error names the cookie, and cannot forge a line of the log`() {
        let error = #expect(throws: CookieError.self) {
            try SetCookie("a\r\nb" + String(repeating: "x", count: 999), "")
        }
        let text = "\(error ?? CookieError(name: "", problem: ""))"
        #expect(text.hasPrefix("The cookie \"a\\r\\nbxxx"))
        #expect(text.utf8.count < 200 && !text.contains { $0.isNewline })
        let secret = #expect(throws: CookieError.self) { try SetCookie("a", "secret value") }
        #expect(secret.map { "\($0)".contains("secret") } == false)
    }

    @Test func `a field that the app writes itself is one field, too`() {
        var metadata = ResponseMetadata()
        metadata.headers[.setCookie] = "a=1\r\nX-Evil: 1\0"
        #expect(metadata.headers.count == 1)
        #expect(metadata.headers[.setCookie]?.utf8.contains { $0 < 0x20 } == false)
    }

    /// Every way to a `Set-Cookie` field, given any bytes: what comes out is one field that says what was meant, or none.
    @Test func `no text becomes another attribute, cookie or header`() throws {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "a", "Z", "9", "_", ".", "-", "~", "__Host-", "/", " ", "\t", "\r", "\n", "\r\n", "\0", "\u{7f}", ";", ",",
            "=", "\"", "\\", "é",
            "\u{301}", "\u{2028}", "; Domain=evil.example", "; Secure", "Set-Cookie: b=c", "%0d%0a", "\u{560d}\u{560a}",
        ]
        // Some of the first alone, so that some are cookies.
        func text() -> String {
            let pieces = Bool.random(using: &generator) ? pieces[...] : pieces.prefix(8)
            return (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
        }
        var count = 0
        for _ in 0..<20_000 {
            let (name, value, path) = (text(), text(), Bool.random() ? "/" : "/" + text())
            let domain = Bool.random() ? nil : text()
            guard var cookie = try? SetCookie(name, value, path: path, domain: domain) else { continue }
            count += 1
            cookie.isSecure = Bool.random()
            cookie.isHTTPOnly = Bool.random()
            cookie.isPartitioned = Bool.random()
            cookie.sameSite = [nil, SetCookie.SameSite.lax, .strict, SetCookie.SameSite.none].randomElement() ?? nil
            cookie.maxAge = Bool.random() ? nil : .seconds(Int.random(in: -5...5))
            let header = cookie.headerValue
            #expect(HTTPField.isValidValue(header))
            #expect(header.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
            let kept = Self.kept(header)
            #expect(kept.name == name && kept.value == value, "\(header)")
            #expect(kept.attributes["path"] == path && kept.attributes["domain"] == domain, "\(header)")
            let isSecure =
                cookie.isSecure || cookie.isPartitioned || cookie.sameSite == SetCookie.SameSite.none
                || name.lowercased().hasPrefix("__host-")
            #expect((kept.attributes["secure"] != nil) == isSecure)
            #expect((kept.attributes["httponly"] != nil) == cookie.isHTTPOnly)
            #expect((kept.attributes["partitioned"] != nil) == cookie.isPartitioned)
            #expect(kept.attributes["samesite"] == cookie.sameSite?.rawValue)
            // And back: what the browser sends is what was set.
            let request = Request(method: .get, target: "/", headers: [.cookie: "x=1; \(name)=\(value); y=2"])
            #expect(request.cookie(name) == value)
        }
        #expect(count > 300)
    }

    /// As section 5.6 has browsers read the field: pairs between semicolons, blanks at their ends left out.
    private static func kept(_ header: String) -> (name: String, value: String, attributes: [String: String]) {
        var parts = header.split(separator: ";", omittingEmptySubsequences: false).map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return pair.map { $0.trimmingCharacters(in: .whitespaces) } + (pair.count == 1 ? [""] : [])
        }
        let cookie = parts.removeFirst()
        let attributes = Dictionary(parts.map { ($0[0].lowercased(), $0[1]) }) { _, last in last }
        #expect(attributes.count == parts.count, "an attribute twice: \(header)")
        return (cookie[0], cookie[1], attributes)
    }

    @Test(arguments: [Duration.zero, .seconds(-5), .milliseconds(999)])
    func `a lifetime below a second deletes`(maxAge: Duration) throws {
        #expect(try SetCookie("a", "", maxAge: maxAge).headerValue.contains("; Max-Age=0;"))
    }

    @Test(arguments: [
        ("", "x"), ("a b", "x"), ("a=b", "x"), ("a;b", "x"), ("é", "x"), ("a\r\nb", "x"), ("a", "x y"), ("a", "x;y"),
        ("a", "x,y"), ("a", "\"x\""), ("a", "x\\y"), ("a", "x\r\nSet-Cookie: b=c"), ("a", "é"), ("a", "\0"),
    ])
    func `a name or value that could forge something throws`(name: String, value: String) {
        #expect(throws: CookieError.self) { try SetCookie(name, value) }
    }

    @Test(arguments: ["x", "é", " /", "//evil.example/; Secure"])
    func `a path that browsers would not take is none`(path: String) {
        #expect(throws: CookieError.self) { try SetCookie("a", "1", path: path) }
    }

    @Test(arguments: ["/x; Domain=evil.example", "/x\r\nSet-Cookie: b=c", "/\0", "", "/x ", "/é", "/\u{7f}"])
    func `a path or domain that could forge something throws`(text: String) {
        #expect(throws: CookieError.self) { try SetCookie("a", "1", path: text) }
        #expect(throws: CookieError.self) { try SetCookie("a", "1", domain: text) }
    }

    private static let headers: [(String, String?)] = [
        ("a=1", "1"), ("b=2; a=1", "1"), ("b=2;a=1", "1"), ("b=2;\ta=1; c=3", "1"), ("a=1; a=2", "1"), ("a=", ""),
        ("a=x=y", "x=y"), ("a=\"q\"", "\"q\""), ("A=1", nil), ("aa=1", nil), ("a", nil), ("b=a=1", nil), ("", nil),
        (";;", nil), ("a =1", nil), ("a= 1", " 1"), ("a=1 ; b=2", "1 "), ("=a=1", nil), ("=1; a=2", "2"),
        ("a=x y", "x y"),
        // Not blanks to a browser: who can set cookies of these names need not be who can set one of ours.
        ("\u{A0}a=1", nil), ("\u{2000}a=1", nil), ("\u{FEFF}a=1", nil), ("b=1,a=2", nil),
        ("$Version=1; a=1; $Path=/", "1"),
        // A character of its own to whoever reads characters.
        ("b=1;\u{301}a=2", nil), ("b=1;\u{301}; a=2", "2"), ("a=\u{301}", "\u{301}"), ("a\u{301}=1", nil),
    ]

    @Test(arguments: headers)
    func `a request's cookie is found`(header: String, value: String?) {
        let request = Request(method: .get, target: "/", headers: [.cookie: header])
        #expect(request.cookie("a").map { Array($0.utf8) } == value.map { Array($0.utf8) })
        #expect(request.cookies.first { $0.name == "a" }?.value == request.cookie("a"))
        #expect(request.cookie("") == nil)
    }

    @Test func `a field as large as there may be is read once, from its first byte to its last`() {
        let request = Request(
            method: .get, target: "/",
            headers: [.cookie: String(repeating: ";=a", count: 20_000) + "; a=" + String(repeating: "=;", count: 9)])
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(request.cookie("a") == "=")
            #expect(request.cookies.map(\.name) == ["a"])
        }
        #expect(time < .seconds(2))
    }

    @Test func `any header gives what taking it apart gives`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let pieces = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                ["a", "ab", "b", "=", ";", " ", "\t", "é", "\"", ","].randomElement(using: &generator) ?? ""
            }
            // A field has no blanks at its ends.
            let header = "x" + pieces.joined() + ";"
            for name in ["a", "ab", "xa", ""] {
                let found = Request(method: .get, target: "/", headers: [.cookie: header]).cookie(name)
                #expect(found == Self.cookie(name, in: header), "\(name) in \(header)")
            }
            let all = Request(method: .get, target: "/", headers: [.cookie: header]).cookies
            for name in ["a", "ab", "xa"] {
                #expect(all.first { $0.name == name }?.value == Self.cookie(name, in: header))
            }
        }
    }

    /// As plainly as it can be.
    private static func cookie(_ name: String, in header: String) -> String? {
        guard !name.isEmpty else { return nil }
        for pair in header.split(separator: ";") {
            let parts = pair.drop { $0 == " " || $0 == "\t" }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }

    @Test func `requests are named by thirteen digits, none like another`() {
        let ids = RequestIDs()
        let names = (0..<10_000).map { _ in ids.next() }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count == 13 && $0.wholeMatch(of: /[0-9a-z]+/) != nil })
    }

    @Test func `cookies of several header fields are found`() {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .cookie, value: "a=1"))
        headers.append(HTTPField(name: .cookie, value: "b=2"))
        let request = Request(method: .get, target: "/", headers: headers)
        #expect(request.cookie("a") == "1")
        #expect(request.cookie("b") == "2")
    }
}
