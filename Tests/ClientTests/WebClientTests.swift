import HTTPTypes
import MartletClient
import NIOCore
import Testing

/// What a request carries, and what comes back.
@Suite(.timeLimit(.minutes(1))) struct WebClientTests {
    /// Has one request answered, and returns what the server saw.
    private func sent(
        _ send: @escaping @Sendable (WebClient) async throws -> WebResponse
    ) async throws -> (ScriptedServer.Exchange, WebResponse) {
        let results = AsyncQueue<(ScriptedServer.Exchange, WebResponse)>()
        try await ScriptedServer.run { server in
            let web = WebClient(server.url("/base/"))
            async let response = send(web)
            let exchange = await server.next()
            try await exchange.respond(201, ["content-type": "application/json", "x-a": "1"], "{\"a\":[1]}")
            results.add((exchange, try await response))
        }
        return await results.next()
    }

    @Test func `a form is encoded as a browser does`() async throws {
        let (exchange, response) = try await sent { web in
            try await web.post("/chat/send", form: ["message": "hi & <b>ä</b> +*-._~\r\n", "": "1"])
        }
        #expect(exchange.head.method == .POST)
        #expect(exchange.head.uri == "/chat/send")
        #expect(exchange.head.headers["content-type"] == ["application/x-www-form-urlencoded"])
        #expect(
            String(buffer: exchange.body) == "message=hi+%26+%3Cb%3E%C3%A4%3C%2Fb%3E+%2B*-._%7E%0D%0A&=1")
        #expect(response.status == .created)
        #expect(response.isSuccess)
        #expect(response.headers[values: HTTPField.Name("x-a") ?? .age] == ["1"])
        #expect(try response.json(as: [String: [Int]].self) == ["a": [1]])
    }

    @Test func `a value is sent as JSON`() async throws {
        let (exchange, _) = try await sent { try await $0.post("items", json: ["name": "\"x\""]) }
        #expect(exchange.head.uri == "/base/items")
        #expect(exchange.head.headers["content-type"] == ["application/json"])
        #expect(String(buffer: exchange.body) == #"{"name":"\"x\""}"#)
    }

    @Test func `fields and files are multipart, and names stay in their quotes`() async throws {
        let (exchange, _) = try await sent { web in
            var body = MultipartBody()
            body.add("a\"b\r\nc", "1")
            body.add("file", file: ByteBuffer(bytes: [0, 255, 13, 10]), named: "ü.bin", type: "image/png")
            return try await web.post("/upload", multipart: body)
        }
        let type = try #require(exchange.header("content-type"))
        let boundary = try #require(type.split(separator: "boundary=").last.map(String.init))
        #expect(type == "multipart/form-data; boundary=\(boundary)")
        var expected = ByteBuffer(
            string: """
                --\(boundary)\r
                Content-Disposition: form-data; name="a%22b%0D%0Ac"\r
                \r
                1\r
                --\(boundary)\r
                Content-Disposition: form-data; name="file"; filename="ü.bin"\r
                Content-Type: image/png\r
                \r

                """)
        expected.writeBytes([0, 255, 13, 10])
        expected.writeString("\r\n--\(boundary)--\r\n")
        #expect(exchange.body == expected)
    }

    @Test func `a query is added to the URL`() async throws {
        let (exchange, _) = try await sent { try await $0.get("/a?x=1", query: ["q": "a b", "r": "&"]) }
        #expect(exchange.head.uri == "/a?x=1&q=a+b&r=%26")
    }

    @Test func `cookies are kept, sent back, and shared with event sources`() async throws {
        try await ScriptedServer.run { server in
            let web = WebClient(server.url("/"))
            async let login = web.post("/account/login", form: ["user_id": "1"])
            let first = await server.next()
            #expect(first.header("cookie") == nil)
            // Set on the way to where a redirect leads.
            try await first.respond(
                302,
                [
                    "location": "/home", "set-cookie": "session=abc; HttpOnly; Path=/",
                    "set-cookie": "x=1; Path=/other",
                ])
            let second = await server.next()
            #expect(second.head.method == .GET)
            #expect(second.head.uri == "/home")
            #expect(second.header("cookie") == "session=abc")
            #expect(second.body.readableBytes == 0)
            #expect(second.header("content-type") == nil)
            try await second.respond(200)
            #expect(try await login.url == server.url("/home"))
            #expect(web.cookies["session"] == "abc")

            let source = web.eventSource("/chat/stream")
            source.connect()
            #expect(await server.next().header("cookie") == "session=abc")
            source.close()
        }
    }

    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (307, "POST", "POST"),
        (308, "PUT", "PUT"), (301, "PUT", "PUT"),
    ])
    func `a redirect changes the method as Fetch says`(status: Int, method: String, then: String) async throws {
        try await ScriptedServer.run { server in
            let web = WebClient(server.url("/"))
            let verb = try #require(HTTPRequest.Method(method))
            let body: WebBody = method == "HEAD" ? .empty : .bytes(ByteBuffer(string: "x"), type: "text/plain")
            async let response = web.send(WebRequest(verb, "/a", body: body))
            try await server.next().respond(status, ["location": "b"])
            let second = await server.next()
            #expect(second.head.uri == "/b")
            #expect(second.head.method.rawValue == then)
            #expect(String(buffer: second.body) == (then == method && method != "HEAD" ? "x" : ""))
            try await second.respond(200)
            _ = try await response.get()
        }
    }

    @Test func `credentials do not follow to another origin`() async throws {
        try await ScriptedServer.run { server in
            try await ScriptedServer.run { other in
                let web = WebClient(server.url("/"))
                async let response = web.get("/a", headers: [.authorization: "Bearer x", .accept: "text/plain"])
                let first = await server.next()
                #expect(first.header("authorization") == "Bearer x")
                try await first.respond(302, ["location": other.url("/b")])
                let second = await other.next()
                #expect(second.header("authorization") == nil)
                #expect(second.header("accept") == "text/plain")
                try await second.respond(200)
                _ = try await response
            }
        }
    }

    @Test func `an error status is an answer`() async throws {
        try await ScriptedServer.run { server in
            let web = WebClient(server.url("/"))
            async let response = web.get("/a")
            try await server.next().respond(401, [:], "请先登录")
            let answer = try await response
            #expect(answer.status == .unauthorized)
            #expect(!answer.isSuccess)
            #expect(answer.text == "请先登录")
        }
    }

    private func error(_ web: WebClient, _ url: String) async -> String? {
        guard case .failure(let error) = await web.send(WebRequest(.get, url)) else { return nil }
        return Mirror(reflecting: error).children.first?.label ?? "\(error)"
    }

    @Test func `what prevents an answer is a value`() async throws {
        try await ScriptedServer.run { server in
            let clock = StepClock()
            var configuration = WebClient.Configuration()
            configuration.maximumBodyBytes = 10
            configuration.maximumRedirects = 1
            let web = WebClient(server.url("/"), configuration: configuration, clock: clock)
            #expect(await error(WebClient(), "/relative") == "invalidURL")

            async let cut = error(web, "/")
            try await server.next().cut()
            #expect(await cut == "connection")

            async let large = error(web, "/")
            try await server.next().respond(200, [:], "01234567890")
            #expect(await large == "bodyTooLarge")

            async let circling = error(web, "/")
            for _ in 0..<2 { try await server.next().respond(302, ["location": "/"]) }
            #expect(await circling == "too many redirects")

            async let coded = error(web, "/")
            try await server.next().respond(200, ["content-encoding": "br"], "x")
            #expect(await coded == "contentEncoding")
        }
    }

    @Test func `an answer that takes too long is a timeout, also in the middle of its body`() async throws {
        for begun in [false, true] {
            try await ScriptedServer.run { server in
                let clock = StepClock()
                let web = WebClient(server.url("/"), clock: clock)
                async let late = error(web, "/")
                let exchange = await server.next()
                if begun {
                    try await exchange.open(["content-type": "text/plain"])
                    try await exchange.send("begun")
                }
                #expect(await clock.passNextSleep() == .seconds(30))
                #expect(await late == "timedOut")
                try await exchange.waitUntilClosed()
            }
        }
    }

    @Test func `a packed body is unpacked, and measured unpacked`() async throws {
        try await ScriptedServer.run { server in
            var configuration = WebClient.Configuration()
            configuration.maximumBodyBytes = 100_000
            let web = WebClient(server.url("/"), configuration: configuration)
            async let fits = web.get("/")
            let text = String(repeating: "x", count: 100_000)
            try await server.next().respond(200, ["content-encoding": "gzip"], GzipWriter().last(text))
            #expect(try await fits.text == text)
            async let large = error(web, "/")
            try await server.next().respond(200, ["content-encoding": "gzip"], GzipWriter().last(text + "x"))
            #expect(await large == "bodyTooLarge")
        }
    }

    @Test func `a body of another shape is an error with a reason`() async throws {
        let (_, response) = try await sent { try await $0.get("/") }
        #expect(throws: WebClientError.self) { try response.json(as: [Int].self) }
    }
}
