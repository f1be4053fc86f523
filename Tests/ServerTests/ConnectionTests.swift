import Testing

/// One connection, many requests (RFC 9112 sections 6, 7 and 9).
@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    @Test func `a connection serves one request after the other`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            for _ in 0..<3 {
                try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await socket.response()
                #expect(response.status == 200)
                #expect(response["Connection"] == nil)
                #expect(response["Content-Length"] == "5")
                #expect(response["Server"] == nil, "no version banner")
            }
        }
    }

    @Test func `every response has a date in the form of RFC 9110`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            let date = try #require(try await socket.response()["Date"])
            let form = try Regex("(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT")
            #expect(try form.wholeMatch(in: date) != nil, "\(date)")
        }
    }

    @Test(arguments: ["close", "Close", "keep-alive, close", "x , close"])
    func `the client's Connection: close is heeded`(_ option: String) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\nConnection: \(option)\r\n\r\n")
            let response = try await socket.response()
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `100 requests in one write are answered in order`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            let requests = (0..<100).map { "GET /probe/rooms/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
            try await socket.send(requests.joined())
            for n in 0..<100 { #expect(try await socket.response().text == "room \(n)") }
        }
    }

    @Test func `pipelined requests wait for the slow ones before them`() async throws {
        try await withServer(threads: 2) { server in
            let socket = try server.connect()
            let requests = (0..<100).map { n in
                n.isMultiple(of: 3)
                    ? "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\(100 + n)"
                    : "GET /probe/late?n=\(n) HTTP/1.1\r\nHost: a\r\n\r\n"
            }
            try await socket.send(requests.joined())
            for n in 0..<100 {
                #expect(try await socket.response().text == (n.isMultiple(of: 3) ? "\(100 + n)" : "late \(n)"))
            }
        }
    }

    @Test func `what is pipelined behind a held up request is not forgotten`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/te")
            await server.probe.begun.wait()
            try await socket.send("xt HTTP/1.1\r\nHost: a\r\n\r\n")
            server.probe.gate.fire()
            #expect(try await socket.response().text == "waited")
            #expect(try await socket.response().text == "Hello")
        }
    }

    // MARK: - HTTP/1.0

    @Test func `HTTP-1.0 closes unless it is asked to stay`() async throws {
        try await withServer { server in
            let once = try server.connect()
            try await once.send("GET /probe/text HTTP/1.0\r\n\r\n")
            #expect(try await once.response()["Connection"] == "close")
            #expect(try await once.receive() == nil)

            let twice = try server.connect()
            for _ in 0..<2 {
                try await twice.send("GET /probe/text HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                let response = try await twice.response()
                #expect(response["Connection"] == "keep-alive")
                #expect(response.text == "Hello")
            }
        }
    }

    @Test func `a stream of unknown length ends by closing for HTTP-1.0`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/chunks?n=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let response = try await socket.response()
            #expect(response["Transfer-Encoding"] == nil)
            #expect(response["Content-Length"] == nil)
            #expect(response["Connection"] == "close")
            #expect(response.text == "chunk 0\nchunk 1\nchunk 2\n")
        }
    }

    // MARK: - Responses without content

    @Test(arguments: ["/probe/nothing", "/probe/not-modified", "/probe/contradiction", "/probe/streamed-contradiction"])
    func `204 and 304 have no content and leave the connection in step`(_ path: String) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await socket.response()
            #expect([204, 304].contains(response.status))
            // RFC 9110 section 8.6, RFC 9112 section 6.1.
            #expect(response.status != 204 || response["Content-Length"] == nil)
            #expect(response["Transfer-Encoding"] == nil)
            #expect(try await socket.response().text == "Hello")
        }
    }

    @Test func `an action's informational status is an error of the server`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/unfinished HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().status == 500)
        }
    }

    @Test(arguments: [("/probe/text", "5"), ("/probe/chunks?n=3", nil), ("/probe/sized", "10"), ("/probe/events", nil)])
    func `HEAD tells what GET would, and sends no content`(_ path: String, _ length: String?) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await socket.response(toHead: true)
            #expect(response.status == 200)
            #expect(response["Content-Length"] == length)
            #expect(try await socket.response().text == "Hello")
        }
    }

    @Test func `HEAD's refusal has no content either`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("HEAD /probe/text HTTP/1.1\r\n\r\n")
            #expect(try await socket.response(toHead: true).status == 400)
            #expect(try await socket.receive() == nil)
        }
    }

    // MARK: - The client goes away

    enum Ending: CaseIterable, Sendable { case fin, rst }

    @Test(arguments: Ending.allCases)
    func `a client that goes away cancels its request`(_ ending: Ending) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            if ending == .fin { socket.close() } else { socket.reset() }
            await server.probe.cancelled.wait()
            try await server.expectGoodAnswer()
        }
    }

    // MARK: - Other protocols

    @Test(arguments: ["h2c", "websocket"])
    func `an upgrade is not taken up, and the connection goes on`(_ name: String) async throws {
        try await withServer { server in
            let socket = try server.connect()
            for _ in 0..<2 {
                try await socket.send(
                    "GET /probe/text HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: \(name)\r\n"
                        + "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
                let response = try await socket.response()
                #expect(response.status == 200)
                #expect(response["Upgrade"] == nil)
                #expect(response.text == "Hello")
            }
        }
    }

    @Test func `too many connections are told to come back`() async throws {
        try await withServer(limits: { $0.maxConnections = 2 }) { server in
            let first = try server.connect()
            let second = try server.connect()
            for socket in [first, second] {
                try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await socket.response().status == 200)
            }
            let third = try server.connect()
            let refusal = try await third.response()
            #expect(refusal.status == 503)
            #expect(refusal["Retry-After"] != nil)
            #expect(refusal["Connection"] == "close")
            #expect(try await third.receive() == nil)

            // A place that becomes free can be had again.
            first.close()
            var status = 503
            while status == 503 {
                let next = try server.connect()
                try await next.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
                status = try await next.response().status
            }
            #expect(status == 200)
        }
    }
}
