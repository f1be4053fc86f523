import Foundation
import Testing

@testable import MartletClient

/// RFC 6265 sections 5.1.4, 5.2.3 and 5.2.4, and what RFC 6265bis says more.
@Suite struct CookieRulesTests {
    private static let now = Date(timeIntervalSince1970: 1_700_000_000)

    /// What is kept of a line from one URL, and sent to another.
    static let rows: [(line: String, from: String, to: String, sent: String?)] = [
        ("a=1", "http://h.example/x/qux/", "http://h.example/x/qux/", "a=1"),
        ("a=1", "http://h.example/x/qux/", "http://h.example/x/qux", "a=1"),
        ("a=1", "http://h.example/x/qux", "http://h.example/x/other", "a=1"),
        ("a=1", "http://h.example/x/qux/", "http://h.example/x/quxy", nil),
        ("a=1; path=/x/qux/", "http://h.example/", "http://h.example/x/qux/", "a=1"),
        ("a=1; path=/x/qux/", "http://h.example/", "http://h.example/x/qux", nil),
        ("a=1; path=/dog; path=", "http://h.example/cat/x", "http://h.example/cat/y", "a=1"),
        ("a=1; path=/dog; path=", "http://h.example/cat/x", "http://h.example/dog", nil),
        ("a=1; path=/dog; path=/cat", "http://h.example/", "http://h.example/cat", "a=1"),
        ("a=1; path=cat", "http://h.example/dog/x", "http://h.example/dog/y", "a=1"),
        ("a=1; path=/a%2Fb", "http://h.example/", "http://h.example/a/b", nil),
        ("a=1; path=/a%2Fb", "http://h.example/", "http://h.example/a%2Fb", "a=1"),
        ("a=1; domain=..example", "http://h.example/", "http://h.example/", nil),
        ("a=1; domain=..h.example", "http://h.example/", "http://h.example/", nil),
        ("a=1; domain=.h.example", "http://h.example/", "http://x.h.example/", "a=1"),
        ("a=1; domain=h.example; domain=", "http://h.example/", "http://x.h.example/", nil),
        ("a=1; domain=H.Example", "http://h.example/", "http://x.h.example/", "a=1"),
        ("a=1; domain=other.example", "http://h.example/", "http://h.example/", nil),
        ("a=\u{0}1", "http://h.example/", "http://h.example/", nil),
        ("a=1\u{1}", "http://h.example/", "http://h.example/", nil),
        ("a=1; x=\u{7f}", "http://h.example/", "http://h.example/", nil),
        ("a=1\t; path=/", "http://h.example/", "http://h.example/", "a=1"),
        ("a=1; max-age=+5", "http://h.example/", "http://h.example/", "a=1"),
        ("a=1; max-age=-1", "http://h.example/", "http://h.example/", nil),
        ("a=1; max-age=99999999999999999999", "http://h.example/", "http://h.example/", "a=1"),
        ("__Secure-a=1; secure", "http://h.example/", "https://h.example/", nil),
        ("__Secure-a=1; secure", "https://h.example/", "https://h.example/", "__Secure-a=1"),
        ("__Secure-a=1", "https://h.example/", "https://h.example/", nil),
        ("__Host-a=1; secure; path=/", "https://h.example/", "https://h.example/", "__Host-a=1"),
        ("__Host-a=1; secure; path=/x", "https://h.example/x", "https://h.example/x", nil),
        ("__Host-a=1; secure; path=/; domain=h.example", "https://h.example/", "https://h.example/", nil),
    ]

    @Test(arguments: rows.indices) func `a cookie is kept and sent as the sections say`(row: Int) throws {
        let (line, from, to, sent) = Self.rows[row]
        var jar = CookieJar()
        jar.keep(line, from: try #require(URL(string: from)), at: Self.now)
        #expect(jar.header(for: try #require(URL(string: to)), at: Self.now) == sent, "\(line) from \(from) to \(to)")
    }

    @Test func `a pair of more than 4096 bytes is not kept`() throws {
        var jar = CookieJar()
        let url = try #require(URL(string: "http://h.example/"))
        jar.keep("a=" + String(repeating: "x", count: 4095), from: url, at: Self.now)
        #expect(jar.cookies.count == 1)
        jar.keep("b=" + String(repeating: "x", count: 4096), from: url, at: Self.now)
        #expect(jar.cookies.count == 1)
    }

    @Test(arguments: [
        ("text/plain; charset=iso-8859-1", [0xE9] as [UInt8], "é"), ("text/plain; charset=\"GBK\"", [0xC4, 0xE3], "你"),
        ("text/plain", [0xC3, 0xA9], "é"), ("text/plain; charset=utf-8", [0xC3, 0xA9], "é"),
        ("text/plain; Charset=Shift_JIS", [0x82, 0xA0], "あ"), ("text/plain; charset=nothing", [0x61], "a"),
        ("text/plain; charset=utf-16be", [0x4F, 0x60], "你"),
    ])
    func `a text is read in its charset`(type: String, bytes: [UInt8], text: String) {
        let response = WebResponse(status: .ok, headers: [.contentType: type], body: .init(bytes: bytes), url: "")
        #expect(response.text == text)
    }
}
