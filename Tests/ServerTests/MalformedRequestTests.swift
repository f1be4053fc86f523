import Testing

/// What is no HTTP/1.1 is refused with its status, and the connection ends: two readers of one connection that disagree on
/// where a request ends are how requests are smuggled (RFC 9112 section 11.2).
@Suite(.timeLimit(.minutes(2))) struct MalformedRequestTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: String
        let status: Int
        var testDescription: String { name }

        init(_ name: String, _ bytes: String, _ status: Int = 400) {
            self.name = name
            self.bytes = bytes
            self.status = status
        }

        /// A good request but for this line.
        init(_ name: String, line: String, _ status: Int = 400) {
            self.init(name, "GET /probe/text HTTP/1.1\r\nHost: a\r\n\(line)\r\nX: y\r\n\r\n", status)
        }

        /// A good request but for its first line.
        init(_ name: String, start: String, _ status: Int = 400) {
            self.init(name, "\(start)\r\nHost: a\r\n\r\n", status)
        }

        /// A good request but for its chunks.
        init(_ name: String, chunks: String, _ status: Int = 400) {
            self.init(
                name, "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)", status)
        }
    }

    static let startLines: [Row] = [
        Row("no version", start: "GET /probe/text"),
        Row("another protocol", start: "GET /probe/text HTTX/1.1"),
        Row("lower-case protocol", start: "GET /probe/text http/1.1"),
        Row("two digits of version", start: "GET /probe/text HTTP/1.10"),
        Row("HTTP/2.0", start: "GET /probe/text HTTP/2.0", 505),
        Row("HTTP/3.0", start: "GET /probe/text HTTP/3.0", 505),
        Row("HTTP/0.9", start: "GET /probe/text HTTP/0.9", 505),
        Row("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        Row("a method nobody knows", start: "BREW /probe/text HTTP/1.1", 501),
        Row("a method in lower case", start: "get /probe/text HTTP/1.1", 501),
        Row("a method that is no token", start: "GE(T /probe/text HTTP/1.1"),
        Row("no method", start: " /probe/text HTTP/1.1"),
        Row("no target", start: "GET  HTTP/1.1"),
        Row("two spaces before the target", start: "GET  /probe/text HTTP/1.1"),
        Row("two spaces before the version", start: "GET /probe/text  HTTP/1.1"),
        Row("a space behind the version", start: "GET /probe/text HTTP/1.1 "),
        Row("tabs between the parts", start: "GET\t/probe/text\tHTTP/1.1"),
        Row("a space in the target", start: "GET /probe/te xt HTTP/1.1"),
        Row("a tab in the target", start: "GET /probe/te\txt HTTP/1.1"),
        Row("NUL in the target", start: "GET /probe/te\0xt HTTP/1.1"),
        Row("DEL in the target", start: "GET /probe/te\u{7f}xt HTTP/1.1"),
        Row("raw UTF-8 in the target", start: "GET /probe/täxt HTTP/1.1"),
        Row("a fragment", start: "GET /probe/text#here HTTP/1.1"),
        Row("a target without its slash", start: "GET probe/text HTTP/1.1"),
        Row("an asterisk for GET", start: "GET * HTTP/1.1"),
        Row("an unknown scheme", start: "GET ftp://a/probe/text HTTP/1.1"),
        Row("an absolute target without a host", start: "GET http:///probe/text HTTP/1.1"),
        Row("an absolute target with user information", start: "GET http://me@a/probe/text HTTP/1.1"),
        Row("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
        Row("CONNECT with a path", start: "CONNECT /probe/text HTTP/1.1", 501),
        Row("bare LF behind the start line", "GET /probe/text HTTP/1.1\nHost: a\r\n\r\n"),
        Row("bare CR behind the start line", "GET /probe/text HTTP/1.1\rHost: a\r\n\r\n"),
        Row("space before the first field", "GET /probe/text HTTP/1.1\r\n Host: a\r\n\r\n"),
        Row("bare LF before the start line", "\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row("bare CR before the start line", "\rGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{3}\u{3}"),
    ]

    static let fields: [Row] = [
        Row("a bare LF between fields", "GET /probe/text HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        Row("a bare LF at the head's end", "GET /probe/text HTTP/1.1\r\nHost: a\r\n\n"),
        Row("nothing but bare LFs", "GET /probe/text HTTP/1.1\nHost: a\n\n"),
        Row("a bare CR between fields", "GET /probe/text HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
        Row("a bare CR at the head's end", "GET /probe/text HTTP/1.1\r\nHost: a\r\n\rX"),
        Row("a bare CR in a value", line: "A: b\rc"),
        Row("obs-fold with a space", line: "A: b\r\n c"),
        Row("obs-fold with a tab", line: "A: b\r\n\tc"),
        Row("obs-fold of an empty value", line: "A:\r\n b"),
        Row("obs-fold of an empty line", line: "A: b\r\n "),
        Row("a space before the colon", line: "A : b"),
        Row("a tab before the colon", line: "A\t: b"),
        Row("a space before the name", line: " A: b"),
        Row("a space in the name", line: "A B: c"),
        Row("a parenthesis in the name", line: "A(B): c"),
        Row("raw UTF-8 in the name", line: "Ä: c"),
        Row("NUL in the name", line: "A\0: c"),
        Row("no name", line: ": c"),
        Row("no colon", line: "A"),
        Row("NUL in a value", line: "A: b\0c"),
        Row("a control character in a value", line: "A: b\u{1}c"),
        Row("an escape in a value", line: "A: \u{1b}[31m"),
        Row("DEL in a value", line: "A: b\u{7f}c"),
        Row("an unknown expectation", line: "Expect: the-unexpected", 417),
    ]

    static let hosts: [Row] =
        [
            Row("no Host", "GET /probe/text HTTP/1.1\r\n\r\n"),
            Row("two Hosts", line: "Host: b"),
            Row("the same Host twice", line: "host: a"),
        ]
        + [
            "", "a b", "a/b", "a@b", "a,b", "a:b", "a:80:80", "a:-1", "a:123456", ":80", "[::1", "[::1]x", "[]", "a]",
            "[g::1]",
            "a?b", "a#b", "a\\b", "<a>", "a%zz", "ä", "http://a",
        ].map { Row("Host: \($0)", "GET /probe/text HTTP/1.1\r\nHost: \($0)\r\n\r\n") }

    static let lengths: [Row] =
        [
            "+5", "-1", "-0", "5.0", "0x5", "5 5", "5, 5", "5,", ",5", "five", "", "99999999999999999999",
            "18446744073709551616",
            "9223372036854775808", "1e3", "5;a=b", "٣",
        ].map {
            Row("Content-Length: \($0)", "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: \($0)\r\n\r\nhello")
        } + [
            Row(
                "two lengths",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
            Row(
                "the same length twice",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
            Row(
                "a length and a coding",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            Row(
                "a coding and a length",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
            ),
            Row(
                "a coding of HTTP/1.0",
                "POST /probe/echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ]
        + [
            ("gzip, chunked", 501), ("chunked, chunked", 400), ("chunked, gzip", 400), ("gzip", 400), ("identity", 400),
            ("xchunked", 400), ("chunkedx", 400), ("chunked;q=1", 400), ("\u{b}chunked", 400), ("chunked,", 400),
            (",chunked", 400),
            ("\"chunked\"", 400), ("", 400),
        ].map {
            Row(
                "Transfer-Encoding: \($0)",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \($0)\r\n\r\n0\r\n\r\n", $1)
        } + [
            Row(
                "the coding twice",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            Row(
                "the coding and another one",
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
            ),
        ]

    static let repeated: [Row] = [
        Row("a length with zeros before it", "GET /probe/text HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n"),
        Row("a length of two zeros", "GET /probe/text HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n"),
        Row(
            "a length with a zero before it",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n1234567"),
        Row(
            "two types",
            "POST /probe/sum HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        ),
    ]

    static let chunks: [Row] = [
        Row("no size", chunks: "\r\nhello\r\n0\r\n\r\n"),
        Row("a size that is no number", chunks: "g\r\nhello\r\n0\r\n\r\n"),
        Row("a signed size", chunks: "+5\r\nhello\r\n0\r\n\r\n"),
        Row("a negative size", chunks: "-5\r\nhello\r\n0\r\n\r\n"),
        Row("a size with a prefix", chunks: "0x5\r\nhello\r\n0\r\n\r\n"),
        Row("a space before the size", chunks: " 5\r\nhello\r\n0\r\n\r\n"),
        Row("a space behind the size", chunks: "5 \r\nhello\r\n0\r\n\r\n"),
        Row("a size beyond 64 bits", chunks: "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        Row("a size of all ones", chunks: "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        Row("bare LF behind the size", chunks: "5\nhello\r\n0\r\n\r\n"),
        Row("bare CR behind the size", chunks: "5\rhello\r\n0\r\n\r\n"),
        Row("bare LF behind the data", chunks: "5\r\nhello\n0\r\n\r\n"),
        Row("no line end behind the data", chunks: "5\r\nhello0\r\n\r\n"),
        Row("two bytes for the line end behind the data", chunks: "5\r\nhelloXY0\r\n\r\n"),
        Row("more data than the size", chunks: "4\r\nhello\r\n0\r\n\r\n"),
        Row("bare LF behind the last chunk", chunks: "5\r\nhello\r\n0\n\r\n"),
        Row("bare LF at the body's end", chunks: "5\r\nhello\r\n0\r\n\n"),
        Row("bare LF in an extension", chunks: "5;a=b\nhello\r\n0\r\n\r\n"),
        Row(
            "a size line without bounds",
            chunks: "5;\(String(repeating: "a", count: 300))\r\nhello\r\n0\r\n\r\n"),
        Row("NUL in an extension", chunks: "5;a\0=b\r\nhello\r\n0\r\n\r\n"),
        Row("no colon in a trailer", chunks: "0\r\nA\r\n\r\n"),
        Row("obs-fold in a trailer", chunks: "0\r\nA: b\r\n c\r\n\r\n"),
        Row("bare LF in a trailer", chunks: "0\r\nA: b\nC: d\r\n\r\n"),
        Row("NUL in a trailer", chunks: "0\r\nA: b\0\r\n\r\n"),
        Row("a control character in a trailer", chunks: "0\r\nA: b\u{1}\r\n\r\n"),
    ]

    @Test(arguments: startLines + fields + hosts + lengths + repeated + chunks)
    func `is refused, and the connection ends`(_ row: Row) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(row.bytes)
            let response = try await socket.response()
            #expect(response.status == row.status, "\(response)")
            #expect(response["Connection"] == "close")
            #expect(response["Content-Type"] == "application/problem+json")
            #expect(try await socket.receive() == nil)
            try await server.expectGoodAnswer()
        }
    }

    /// The same, when it comes byte by byte and the parser may stop anywhere.
    @Test(
        arguments: (startLines + fields + lengths + chunks).enumerated().filter { $0.offset.isMultiple(of: 4) }.map(
            \.element))
    func `is refused when it comes byte by byte`(_ row: Row) async throws {
        // On a busy machine it takes its time, which is not what it is to be refused for.
        try await withServer(limits: {
            $0.headerTimeout = .seconds(600)
            $0.bodyRateGrace = .seconds(600)
        }) { server in
            let socket = try server.connect()
            do {
                for byte in row.bytes.utf8 { try await socket.send([byte]) }
            } catch is SocketError {
                // Refused before all of it was sent.
            }
            #expect(try await socket.response().status == row.status)
        }
    }

    @Test func `a good request before a bad one is answered first`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "GET /probe/late?n=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\nX: y\r\n\r\n")
            #expect(try await socket.response().text == "late 1")
            #expect(try await socket.response().status == 400)
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `nothing behind a bad request is answered`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "0\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().status == 400)
            #expect(try await socket.untilClosed().isEmpty)
        }
    }

    // MARK: - What looks odd and is right

    @Test(arguments: [
        (
            "empty lines before the request (RFC 9112 section 2.2)",
            "\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n"
        ),
        ("no space behind the colon", "GET /probe/text HTTP/1.1\r\nHost:a\r\n\r\n"),
        ("much space around a value", "GET /probe/text HTTP/1.1\r\nHost: \t a \t\r\n\r\n"),
        ("an empty value", "GET /probe/text HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n"),
        ("a value of raw UTF-8", "GET /probe/text HTTP/1.1\r\nHost: a\r\nX: ä€😀\r\n\r\n"),
        ("a field of every token character", "GET /probe/text HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n"),
        (
            "the coding in capitals",
            "GET /probe/text HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"
        ),
        ("an IPv6 host and a port", "GET /probe/text HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
        ("a host with an underscore", "GET /probe/text HTTP/1.1\r\nHost: my_host.example:80\r\n\r\n"),
        ("a host with an empty port", "GET /probe/text HTTP/1.1\r\nHost: a:\r\n\r\n"),
        ("HTTP/1.0 without Host", "GET /probe/text HTTP/1.0\r\n\r\n"),
    ])
    func `is served`(_ name: String, _ bytes: String) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(bytes)
            let response = try await socket.response()
            #expect(response.status == 200, "\(response)")
            #expect(response.text == "Hello")
        }
    }

    // MARK: - The forms of the target (RFC 9112 section 3.2)

    @Test(arguments: [
        ("http://shop.example/probe/seen?a=1", "/probe/seen?a=1", "shop.example"),
        ("HTTPS://shop.example:8443/probe/seen", "/probe/seen", "shop.example:8443"),
        ("/probe/seen?a=//b", "/probe/seen?a=//b", "other.example"),
    ])
    func `an absolute target is its path, and its host stands over the field`(
        _ target: String, _ path: String, _ host: String
    ) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET \(target) HTTP/1.1\r\nHost: other.example\r\n\r\n")
            let seen = try await socket.response().text
            #expect(
                seen.contains("\"target\":\"\(path.replacing("/", with: "\\/"))\"")
                    || seen.contains("\"target\":\"\(path)\""))
            #expect(seen.contains("\"host\":\"\(host)\""), "\(seen)")
        }
    }

    @Test func `an absolute target of a host alone is the root`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "GET http://a HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().status == 404)
            // RFC 9112 section 3.2.4: the last proxy would have made it an asterisk.
            #expect(try await socket.response().status == 204)
        }
    }
}
