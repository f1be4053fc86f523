import HTTPTypes
import NIOCore
import Testing

@testable import MartletCore

/// RFC 7578 "multipart/form-data", and RFC 2046 section 5.1 beneath it.
@Suite struct MultipartFormTests {
    private func fields(_ body: String, boundary: String = "b") throws -> [String] {
        try MultipartForm.textFields(ByteBuffer(string: body), boundary: boundary).fields.map {
            "\($0.name)=\($0.value)"
        }
    }

    private static let long = String(repeating: "x", count: 9000)

    private static func part(_ name: String, _ value: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }

    private static let wellFormed: [(String, String, [String])] = [
        ("one field", part("a", "1") + "--b--\r\n", ["a=1"]),
        ("several in order", part("a", "1") + part("b", "2") + part("a", "3") + "--b--", ["a=1", "b=2", "a=3"]),
        ("no field", "--b--\r\n", []),
        ("an empty value", part("a", "") + "--b--\r\n", ["a="]),
        ("line ends in a value", part("a", "\r\n\nx\r\n") + "--b--\r\n", ["a=\r\n\nx\r\n"]),
        ("a blank line in a value", part("a", "x\r\n\r\ny") + "--b--\r\n", ["a=x\r\n\r\ny"]),
        ("dashes in a value", part("a", "-b\r\n --b--\r\n--") + "--b--\r\n", ["a=-b\r\n --b--\r\n--"]),
        ("a preamble and an epilogue", "hello\r\n" + part("a", "1") + "--b--\r\nbye --b\r\n", ["a=1"]),
        (
            "white space behind a boundary", "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--",
            ["a=1"]
        ),
        ("a name without quotes", "--b\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--b--", ["a=1"]),
        (
            "a quoted semicolon", "--b\r\nContent-Disposition: form-data; name=\"a;b\\\"c\"\r\n\r\n1\r\n--b--",
            ["a;b\"c=1"]
        ),
        (
            "other header fields",
            "--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=a\r\nX: y\r\n\r\n1\r\n--b--",
            ["a=1"]
        ),
        (
            "an input for a file that none was chosen for",
            "--b\r\nContent-Disposition: form-data; name=f; filename=\"\"\r\n\r\n\r\n" + part("a", "1") + "--b--",
            ["a=1"]
        ),
        ("text of any script", part("漢", "é😀") + "--b--\r\n", ["漢=é😀"]),
    ]

    @Test(arguments: wellFormed)
    func `a body is read`(name: String, body: String, expected: [String]) throws {
        #expect(try fields(body) == expected)
    }

    @Test(arguments: ["filename=\"x.txt\"", "filename=\"\"", "filename*=UTF-8''x"])
    func `a file is refused, and not dropped`(parameter: String) throws {
        let body =
            "--b\r\nContent-Disposition: form-data; name=f; \(parameter)\r\n\r\nfile\r\n\(Self.part("a", "1"))--b--"
        let error = #expect(throws: HTTPError.self) { try fields(body) }
        #expect(error?.status == .unsupportedMediaType)
        #expect(error?.detail?.contains("'f'") == true)
    }

    private static let malformed: [(String, String)] = [
        ("nothing", ""), ("no boundary", "hello"), ("another boundary", "--c\r\n\r\n--c--"),
        ("no end", part("a", "1")), ("an end without dashes", part("a", "1") + "--b"),
        ("an end with one dash", part("a", "1") + "--b-"),
        ("a part cut in its header", "--b\r\nContent-Disposition: form-data; name=a"),
        ("a part cut behind its header", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"),
        ("a part without a header", "--b\r\n\r\nvalue\r\n--b--"),
        ("a part without a header before one with", "--b\r\n\r\nvalue\r\n" + part("a", "1") + "--b--"),
        (
            "a header that swallows the next boundary",
            "--b\r\nX: y\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"
        ),
        ("a header without a body", "--b\r\nContent-Disposition: form-data; name=a\r\n--b--"),
        ("a part without a name", "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"),
        ("another disposition", "--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--"),
        ("no disposition", "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--"),
        ("a value that begins with the boundary", part("a", "--b\r\n1") + "--b--"),
        ("text behind a boundary", part("a", "1") + "--bx\r\n" + part("b", "2") + "--b--"),
        ("bare line feeds", "--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n"),
        (
            "a header too large",
            "--b\r\nX: \(long)\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"
        ),
    ]

    @Test(arguments: malformed)
    func `a malformed body is 400`(name: String, body: String) {
        #expect { try fields(body) } throws: { ($0 as? HTTPError)?.status == .badRequest }
    }

    @Test func `a value that is not UTF-8 is 400`() {
        let body = ByteBuffer(
            bytes: Array("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n".utf8) + [0xFF]
                + Array("\r\n--b--".utf8))
        #expect { try MultipartForm.textFields(body, boundary: "b") } throws: {
            ($0 as? HTTPError)?.status == .badRequest
        }
    }

    @Test func `a boundary has 1 to 70 characters`() throws {
        for (length, isAllowed) in [(0, false), (1, true), (70, true), (71, false)] {
            let boundary = String(repeating: "x", count: length)
            let body = "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--\(boundary)--"
            if isAllowed {
                #expect(try fields(body, boundary: boundary) == ["a=1"])
            } else {
                #expect(throws: HTTPError.self) { try fields(body, boundary: boundary) }
            }
        }
    }

    @Test func `there are at most 1000 fields`() throws {
        let many = String(repeating: Self.part("a", "1"), count: 1000)
        #expect(try fields(many + "--b--").count == 1000)
        #expect(throws: HTTPError.self) { try fields(many + Self.part("a", "1") + "--b--") }
    }

    @Test func `what almost is a boundary does not make a large body slow`() throws {
        let almost = String(
            repeating: "\r\n--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", count: 30_000)
        let boundary = String(repeating: "b", count: 69) + "c"
        let body = "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n\(almost)\r\n--\(boundary)--"
        let start = ContinuousClock.now
        #expect(try fields(body, boundary: boundary).count == 1)
        #expect(start.duration(to: .now) < .seconds(10))
    }
}
