import Synchronization
import Testing

/// Bodies on their way in: framing (RFC 9112 sections 6 and 7), limits, 100-continue, and a reader slower than the peer.
@Suite(.timeLimit(.minutes(2))) struct RequestBodyTests {
    static let wholes: [(name: String, bytes: String)] = [
        ("by Content-Length", "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world"),
        (
            "in chunks",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\nh\r\n4;ext=\"a;b\"\r\nello\r\n0006\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
        ),
        (
            "in chunks that hold line ends",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nB\r\nhello\r\n0\r\n\r\r\n0\r\n\r\n"
        ),
    ]

    @Test(arguments: wholes.map(\.bytes))
    func `a body arrives whole wherever it is split`(_ bytes: String) async throws {
        let expected = bytes.contains("\nB\r\n") ? "hello\r\n0\r\n\r" : "hello world"
        let all = Array(bytes.utf8)
        try await withServer { server in
            let socket = try server.connect()
            for split in 1..<all.count {
                try await socket.send(Array(all[..<split]))
                try await socket.send(Array(all[split...]))
                #expect(try await socket.response().text == expected, "split at \(split)")
            }
            for byte in all { try await socket.send([byte]) }
            #expect(try await socket.response().text == expected)
        }
    }

    @Test func `a body of many tiny chunks arrives whole`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            let chunk = "1;\(String(repeating: "x", count: 200))\r\nz\r\n"
            try await socket.send(
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: chunk, count: 5000) + "0\r\n\r\n")
            #expect(try await socket.response().text == String(repeating: "z", count: 5000))
        }
    }

    @Test func `what a body leaves in the buffer is the next request`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(Self.wholes.map(\.bytes).joined() + "GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().text == "hello world")
            #expect(try await socket.response().text == "hello world")
            #expect(try await socket.response().text == "hello\r\n0\r\n\r")
            #expect(try await socket.response().text == "Hello")
        }
    }

    @Test func `a body that nobody reads is skipped when it is there, and ends the connection when it is not`()
        async throws
    {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST /probe/deaf HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try await socket.response()["Connection"] == nil)
            try await socket.send("POST /probe/deaf HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            let response = try await socket.response()
            #expect(response.text == "did not listen")
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a body that breaks off cancels the action`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST /probe/drink HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            await server.probe.begun.wait()
            server.probe.gate.fire()
            socket.close()
            await server.probe.cancelled.wait()
            #expect(server.probe.failure.withLock { $0 } == "CancellationError()")
        }
    }

    @Test func `broken chunks behind good ones are the reader's error, and 400`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/drink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            await server.probe.begun.wait()
            server.probe.gate.fire()
            try await socket.send("x\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().status == 400)
            #expect(try await socket.untilClosed().isEmpty)
        }
    }

    // MARK: - Expect: 100-continue (RFC 9110 section 10.1.1)

    @Test func `100 is sent when the body is asked for`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")
            #expect(try await socket.response().status == 100)
            try await socket.send("hello")
            let response = try await socket.response()
            #expect(response.status == 200)
            #expect(response.text == "hello")
        }
    }

    @Test(arguments: [
        ("/probe/small", "Content-Length: 17", 413), ("/nowhere", "Content-Length: 5", 404),
        ("/probe/echo", "Content-Length: 2097153", 413),
    ])
    func `a refusal comes instead of 100, and the connection ends`(
        _ path: String, _ fields: String, _ status: Int
    ) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\nExpect: 100-continue\r\n\r\n")
            let response = try await socket.response()
            #expect(response.status == status)
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `no 100 is sent behind the head of the response`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/mirror HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            let beginning = try await socket.until("begun ")
            #expect(beginning.hasPrefix("HTTP/1.1 200 OK\r\n"))
            try await socket.send("hello")
            #expect(try await !socket.until("0\r\n\r\n").contains("HTTP/1.1 100"))
        }
    }

    @Test func `no 100 is sent to HTTP-1.0, nor behind a body that did not wait`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
            #expect(try await socket.response().status == 200)
            try await socket.send(
                "POST /probe/drink HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhel")
            await server.probe.begun.wait()
            server.probe.gate.fire()
            try await socket.send("lo")
            #expect(try await socket.response().text == "5")
            let old = try server.connect()
            try await old.send("POST /probe/echo HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            try await old.send("hello")
            #expect(try await old.response().status == 200)
        }
    }

    // MARK: - 413

    @Test func `a declared length beyond the limit is refused before the body`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2097153\r\n\r\n")
            let response = try await socket.response()
            #expect(response.status == 413)
            #expect(response["Connection"] == "close")
        }
    }

    @Test func `a body without a declared length is refused when it grows beyond the limit`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n")
            try await socket.send("1\r\ng\r\n")
            let response = try await socket.response()
            #expect(response.status == 413)
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a client that sends on gets to read its 413`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/small HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
                    + String(repeating: "x", count: 300_000))
            #expect(try await socket.response().status == 413)
        }
    }

    // MARK: - Backpressure

    @Test func `a peer is read no faster than the action reads`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            let total = 48 * 1024 * 1024
            try await socket.send("POST /probe/drink HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
            var sent = 0
            // The action holds the first chunk. What fits the kernel's buffers and the server's goes, and no more.
            var refusals = 0
            while sent < total, refusals < 200 {
                let count = socket.sendWithoutWaiting(Array(block.prefix(total - sent)))
                sent += count
                if count == 0 {
                    refusals += 1
                    try await server.expectGoodAnswer()
                } else {
                    refusals = 0
                }
            }
            #expect(sent < total / 2, "the server took \(sent) bytes of which the action read one chunk")
            await server.probe.begun.wait()
            server.probe.gate.fire()
            while sent < total {
                let next = Array(block.prefix(total - sent))
                try await socket.send(next)
                sent += next.count
            }
            #expect(try await socket.response().text == "\(total)")
        }
    }

    @Test func `pipelined requests are read no faster than they are answered`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            let requests = Array(String(repeating: "GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n", count: 2000).utf8)
            var sent = 0
            var refusals = 0
            while sent < 64 * 1024 * 1024, refusals < 200 {
                let count = socket.sendWithoutWaiting(requests)
                sent += count
                refusals = count == 0 ? refusals + 1 : 0
                if count == 0 { try await server.expectGoodAnswer() }
            }
            #expect(sent < 32 * 1024 * 1024)
            server.probe.gate.fire()
            #expect(try await socket.response().text == "waited")
            #expect(try await socket.response().text == "Hello")
        }
    }
}
