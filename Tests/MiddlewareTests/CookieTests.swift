import Martlet
import Testing

@testable import MartletCore

/// RFC 6265.
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

    @Test(arguments: ["/x; Domain=evil.example", "/x\r\nSet-Cookie: b=c", "/\0", ""])
    func `a path or domain that could forge something throws`(text: String) {
        #expect(throws: CookieError.self) { try SetCookie("a", "1", path: text) }
        #expect(throws: CookieError.self) { try SetCookie("a", "1", domain: text) }
    }

    private static let headers: [(String, String?)] = [
        ("a=1", "1"), ("b=2; a=1", "1"), ("b=2;a=1", "1"), ("b=2;\ta=1; c=3", "1"), ("a=1; a=2", "1"), ("a=", ""),
        ("a=x=y", "x=y"), ("a=\"q\"", "\"q\""), ("A=1", nil), ("aa=1", nil), ("a", nil), ("b=a=1", nil), ("", nil),
        (";;", nil),
    ]

    @Test(arguments: headers)
    func `a request's cookie is found`(header: String, value: String?) {
        #expect(Request(method: .get, target: "/", headers: [.cookie: header]).cookie("a") == value)
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
        }
    }

    /// By RFC 6265 section 5.4, as plainly as it can be.
    private static func cookie(_ name: String, in header: String) -> String? {
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
