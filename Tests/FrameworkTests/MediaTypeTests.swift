import Testing

@testable import MartletCore

/// RFC 9110 section 8.3.1.
@Suite struct MediaTypeTests {
    private static let types: [(String, String, String?)] = [
        ("text/html", "text/html", nil), ("Text/HTML; Charset=UTF-8", "text/html", "UTF-8"),
        ("text/html;charset=\"utf-8\"", "text/html", "utf-8"), ("text/html ; charset = x", "text/html", "x"),
        ("text/html; a=\"1;charset=no\"; charset=yes", "text/html", "yes"),
        ("text/html; a=\"\\\";charset=no\"; charset=\"y\\\"es\"", "text/html", "y\"es"),
        ("text/html; charset", "text/html", nil), ("text/html; charset=", "text/html", ""), ("", "", nil),
        (";charset=x", "", "x"), ("text/html; charset=\"", "text/html", "\""),
    ]

    @Test(arguments: types)
    func `a type and a parameter are read`(text: String, essence: String, charset: String?) {
        let type = MediaType(text)
        #expect(type.essence == essence)
        #expect(type["charset"] == charset)
    }
}
