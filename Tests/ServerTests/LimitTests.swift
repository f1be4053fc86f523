import NIOCore
import Testing

@testable import MartletServer

/// The limits of a request's head, and of time. Time comes from the test: nothing here waits.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    static func padding(_ count: Int) -> String { String(repeating: "a", count: count) }

    // MARK: - Size (RFC 9112 section 3, RFC 6585 section 5)

    @Test(arguments: [
        ("a target of the longest length", "GET /nowhere?\(padding(8192 - 9)) HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ("one byte more", "GET /nowhere?\(padding(8192 - 8)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("a target without an end", "GET /\(padding(9000))", 414),
        ("a method without an end", padding(9000), 501), ("a long method", "\(padding(33)) / HTTP/1.1\r\n", 501),
        ("100 fields", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\(String(repeating: "A: b\r\n", count: 99))\r\n", 404),
        ("101 fields", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\(String(repeating: "A: b\r\n", count: 100))\r\n", 431),
        (
            "32 KiB of fields", "GET /nowhere HTTP/1.1\r\nHost: a\r\nB: \(padding(32768 - 9 - 5))\r\n\r\n", 404
        ),
        ("one byte more of fields", "GET /nowhere HTTP/1.1\r\nHost: a\r\nB: \(padding(32768 - 9 - 4))\r\n\r\n", 431),
        ("a field without an end", "GET /nowhere HTTP/1.1\r\nHost: a\r\nB: \(padding(33000))", 431),
        (
            "trailers without an end",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nB: \(padding(33000))", 431
        ),
        (
            "101 trailers",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                + "\(String(repeating: "A: b\r\n", count: 101))\r\n", 431
        ),
        (
            "a chunk's extension without an end",
            "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\(padding(10000))", 400
        ),
    ])
    func `is answered with its status`(_ name: String, _ bytes: String, _ status: Int) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(bytes)
            let response = try await socket.response()
            #expect(response.status == status)
            #expect((response["Connection"] == "close") == (status != 404))
            try await server.expectGoodAnswer()
        }
    }

    @Test func `every limit is a setting`() async throws {
        try await withServer(limits: {
            $0.maxTargetBytes = 20
            $0.maxHeaderFields = 2
            $0.maxHeaderBytes = 40
            $0.maxBodyBytes = 4
        }) { server in
            for (bytes, status) in [
                ("GET /\(Self.padding(20)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
                ("GET / HTTP/1.1\r\nHost: a\r\nB: c\r\nD: e\r\n\r\n", 431),
                ("GET / HTTP/1.1\r\nHost: a\r\nB: \(Self.padding(40))\r\n\r\n", 431),
                ("POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413),
            ] {
                let socket = try server.connect()
                try await socket.send(bytes)
                #expect(try await socket.response().status == status)
            }
        }
    }

    // MARK: - Time

    @Test func `a head that does not come to its end is answered with 408`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHo")
            #expect(try await socket.response().text == "Hello")
            try await server.server.checkTime(.now() + .seconds(16))
            let response = try await socket.response()
            #expect(response.status == 408)
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a head that comes byte by byte has no more time than another`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            for byte in "GET /probe/text HTTP/1.1\r\n".utf8 { try await socket.send([byte]) }
            // The bytes have arrived when a connection made after them is answered.
            try await server.expectGoodAnswer()
            try await server.server.checkTime(.now() + .seconds(16))
            #expect(try await socket.response().status == 408)
        }
    }

    @Test func `a head of which a part came behind a slow request has its 15 seconds, not 75`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HT")
            await server.probe.begun.wait()
            try await server.server.checkTime(.now() + .seconds(1000))
            server.probe.gate.fire()
            #expect(try await socket.response().text == "waited")
            try await server.server.checkTime(.now() + .seconds(16))
            #expect(try await socket.response().status == 408)
        }
    }

    @Test func `an idle connection is closed without a word when its time is over, and not before`() async throws {
        try await withServer(limits: { $0.keepAliveTimeout = .seconds(1000) }) { server in
            let socket = try server.connect()
            for _ in 0..<2 {
                try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await socket.response().status == 200)
                try await server.server.checkTime(.now() + .seconds(500))
            }
            try await server.server.checkTime(.now() + .seconds(1001))
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a connection is not idle while its response is being taken`() async throws {
        try await withServer { server in
            let socket = try server.connect(receiveBuffer: 4096)
            try await socket.send("GET /probe/big?size=16000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until("\r\n\r\n")
            for seconds in [76, 152] { try await server.server.checkTime(.now() + .seconds(Int64(seconds))) }
            try await socket.receive(count: 16_000_000)
        }
    }

    @Test func `a connection that says nothing is closed after 15 seconds`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await server.expectGoodAnswer()
            try await server.server.checkTime(.now() + .seconds(16))
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a body that comes too slowly is answered with 408`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello")
            try await server.expectGoodAnswer()
            for _ in 0..<7 { try await server.server.checkTime(.now()) }
            let response = try await socket.response()
            #expect(response.status == 408)
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
        }
    }

    @Test func `a body that is fast enough may take its time`() async throws {
        try await withServer(limits: { $0.minBodyBytesPerSecond = 1 }) { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n\(Self.padding(999))")
            try await server.expectGoodAnswer()
            for _ in 0..<100 { try await server.server.checkTime(.now()) }
            try await socket.send("a")
            #expect(try await socket.response().text == Self.padding(1000))
        }
    }

    @Test func `the time that the action takes to read is not the peer's`() async throws {
        try await withServer(limits: { $0.minBodyBytesPerSecond = 100_000 }) { server in
            let socket = try server.connect()
            let body = Self.padding(500_000)
            try await socket.send("POST /probe/drink HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
            let sent = socket.sendWithoutWaiting(Array(body.utf8))
            await server.probe.begun.wait()
            try await server.expectGoodAnswer()
            for _ in 0..<20 { try await server.server.checkTime(.now()) }
            server.probe.gate.fire()
            try await socket.send(Array(body.utf8.dropFirst(sent)))
            #expect(try await socket.response().text == "500000")
        }
    }

    @Test func `an action may take its time`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            for _ in 0..<100 { try await server.server.checkTime(.now() + .seconds(1000)) }
            server.probe.gate.fire()
            #expect(try await socket.response().text == "waited")
        }
    }
}
