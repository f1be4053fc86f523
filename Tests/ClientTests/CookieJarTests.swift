import Foundation
import Testing

@testable import MartletClient

/// RFC 6265.
struct CookieJarTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func header(_ lines: [String], from: String, to: String, later: TimeInterval = 0) throws -> String? {
        var jar = CookieJar()
        let origin = try #require(URL(string: from))
        for line in lines { jar.keep(line, from: origin, at: Self.now) }
        return jar.header(for: try #require(URL(string: to)), at: Self.now.addingTimeInterval(later))
    }

    @Test(arguments: [
        ("a=1", "http://x.test/", "http://x.test/", "a=1"),
        (" a = 1 ; Path=/", "http://x.test/", "http://x.test/", "a=1"),
        ("a=b=c", "http://x.test/", "http://x.test/", "a=b=c"),
        ("a=", "http://x.test/", "http://x.test/", "a="),
        ("=1", "http://x.test/", "http://x.test/", nil),
        ("nothing", "http://x.test/", "http://x.test/", nil),
        // 5.1.3 and 5.3: domains
        ("a=1", "http://x.test/", "http://www.x.test/", nil),
        ("a=1; Domain=x.test", "http://x.test/", "http://www.x.test/", "a=1"),
        ("a=1; Domain=.X.Test", "http://www.x.test/", "http://x.test/", "a=1"),
        ("a=1; Domain=x.test", "http://x.test/", "http://yx.test/", nil),
        ("a=1; Domain=www.x.test", "http://x.test/", "http://www.x.test/", nil),
        ("a=1; Domain=y.test", "http://x.test/", "http://y.test/", nil),
        ("a=1; Domain=test", "http://x.test/", "http://x.test/", nil),
        ("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", nil),
        ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1:8080/", "a=1"),
        // 5.1.4: paths
        ("a=1", "http://x.test/b/c", "http://x.test/b/d", "a=1"),
        ("a=1", "http://x.test/b/c", "http://x.test/b", "a=1"),
        ("a=1", "http://x.test/b/c", "http://x.test/bd", nil),
        ("a=1", "http://x.test/b", "http://x.test/z", "a=1"),
        ("a=1; Path=/b", "http://x.test/", "http://x.test/b/c", "a=1"),
        ("a=1; Path=/b/", "http://x.test/", "http://x.test/b/c", "a=1"),
        ("a=1; Path=/b", "http://x.test/", "http://x.test/", nil),
        ("a=1; Path=b", "http://x.test/", "http://x.test/", "a=1"),
        // Secure
        ("a=1; Secure", "https://x.test/", "http://x.test/", nil),
        ("a=1; Secure", "https://x.test/", "https://x.test/", "a=1"),
        ("a=1; Secure", "http://x.test/", "https://x.test/", nil),
        // Lifetimes
        ("a=1; Max-Age=0", "http://x.test/", "http://x.test/", nil),
        ("a=1; Max-Age=-5", "http://x.test/", "http://x.test/", nil),
        ("a=1; Max-Age=60", "http://x.test/", "http://x.test/", "a=1"),
        ("a=1; Max-Age=x", "http://x.test/", "http://x.test/", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://x.test/", "http://x.test/", nil),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "http://x.test/", "http://x.test/", "a=1"),
        ("a=1; Expires=whenever", "http://x.test/", "http://x.test/", "a=1"),
    ])
    func `a cookie goes back where it may`(line: String, from: String, to: String, header: String?) throws {
        #expect(try self.header([line], from: from, to: to) == header)
    }

    @Test func `a cookie ends when its time is over`() throws {
        let jar = ["a=1; Max-Age=60"]
        #expect(try header(jar, from: "http://x.test/", to: "http://x.test/", later: 59) == "a=1")
        #expect(try header(jar, from: "http://x.test/", to: "http://x.test/", later: 60) == nil)
    }

    @Test func `a cookie replaces the one of its name, domain and path; longer paths come first`() throws {
        let jar = ["a=1; Path=/", "b=1; Path=/p", "a=2; Path=/", "c=1; Path=/", "c=0; Path=/; Max-Age=0"]
        #expect(try header(jar, from: "http://x.test/", to: "http://x.test/p") == "b=1; a=2")
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Tue, 29 Feb 2028 00:00:00 GMT", 1_835_395_200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31-Dec-69 23:59:59 GMT", 3_155_759_999),
    ])
    func `dates are read in all their forms`(text: String, seconds: Int) {
        #expect(CookieDate.parse(text) == Date(timeIntervalSince1970: Double(seconds)))
    }

    @Test(arguments: [
        "", "Nov 1994", "06 Nov 1994 24:00:00", "32 Nov 1994 08:49:37", "06 Nov 1994 08:49", "06 Nux 1994 08:49:37",
    ])
    func `what is no date is none`(text: String) { #expect(CookieDate.parse(text) == nil) }
}
