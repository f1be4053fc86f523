import Martlet
import Testing

/// Start and end of a server.
@Suite(.timeLimit(.minutes(2))) struct ShutdownTests {
    @Test func `a port in use is one sentence`() async throws {
        try await withServer { server in
            let port = server.server.address.port
            await #expect {
                let second = try await Server.start(ProbeApp(), at: .init(port: port), threads: 1) { app in
                    app.services.add(Probe())
                }
                await second.shutDown()
            } throws: { error in
                "\(error)" == "Port \(port) on 127.0.0.1 is already in use."
            }
        }
    }

    @Test func `an address that is not this machine's is one sentence`() async throws {
        await #expect {
            let server = try await Server.start(ProbeApp(), at: .init(host: "192.0.2.1", port: 0), threads: 1) { app in
                app.services.add(Probe())
            }
            await server.shutDown()
        } throws: { error in
            "\(error)" == "192.0.2.1 is not an address of this machine."
        }
    }

    @Test func `idle connections are closed at once and none is taken`() async throws {
        try await withServer { server in
            let idle = try server.connect()
            try await idle.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.response()
            let silent = try server.connect()
            try await server.expectGoodAnswer()
            await server.shutDown()
            #expect(try await idle.receive() == nil)
            #expect(try await silent.receive() == nil)
            #expect(throws: SocketError.self) { try server.connect() }
        }
    }

    @Test func `a response that is being taken is not cut off`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect(receiveBuffer: 4096)
            let idle = try server.connect()
            try await server.expectGoodAnswer()
            try await socket.send("GET /probe/big?size=16000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until("\r\n\r\n")
            async let end: Void = server.shutDown()
            // The drain has begun when the idle connection is closed.
            #expect(try await idle.receive() == nil)
            try await socket.receive(count: 16_000_000)
            #expect(try await socket.receive() == nil)
            await end
        }
    }

    @Test func `a request that runs is finished, and its connection ends`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect()
            let idle = try server.connect()
            try await idle.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.response()
            try await socket.send(
                "GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            async let end: Void = server.shutDown()
            // The drain has begun when the idle connection is closed.
            #expect(try await idle.receive() == nil)
            server.probe.gate.fire()
            let response = try await socket.response()
            #expect(response.text == "waited")
            #expect(response["Connection"] == "close")
            #expect(try await socket.untilClosed().isEmpty)
            await end
        }
    }

    @Test func `a head that is on its way is still answered`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect()
            let idle = try server.connect()
            try await socket.send("GET /probe/text HTTP/1.1\r\nHo")
            try await idle.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.response()
            async let end: Void = server.shutDown()
            #expect(try await idle.receive() == nil)
            try await socket.send("st: a\r\n\r\n")
            let response = try await socket.response()
            #expect(response.text == "Hello")
            #expect(response["Connection"] == "close")
            #expect(try await socket.receive() == nil)
            await end
        }
    }

    @Test func `a body that is on its way is still read`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect()
            try await socket.send("POST /probe/drink HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
            await server.probe.begun.wait()
            async let end: Void = server.shutDown()
            server.probe.gate.fire()
            try await socket.send("world")
            #expect(try await socket.response().text == "10")
            await end
        }
    }

    @Test func `streams get a farewell that says when to come back, and end`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let stream = try await server.openStream()
            let old = try server.connect()
            try await old.send("GET /probe/events HTTP/1.0\r\n\r\n")
            _ = try await old.until("data: 2\n")
            async let end: Void = server.shutDown()
            let farewell = try await stream.untilClosed()
            #expect(farewell.contains(/retry: \d+\n\n\r\n0\r\n\r\n$/), "\(farewell)")
            #expect(try await old.untilClosed().contains(/retry: \d+\n\n$/))
            stream.close()
            old.close()
            await end
        }
    }

    @Test(arguments: ["finite", "asking"])
    func `a stream whose body comes to an end is let finish`(action: String) async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/\(action) HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until("data: begun\n")
            // Those that only wait for events are sent away meanwhile.
            let waiting = try await server.openStream()
            async let end: Void = server.shutDown()
            #expect(try await waiting.untilClosed().contains("retry: "))
            server.probe.gate.fire()
            let rest = try await socket.untilClosed()
            #expect(rest.contains("data: finished\n\n"), "\(rest)")
            #expect(!rest.contains("retry: "))
            await end
        }
    }

    @Test func `a stream without an end is not waited for`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .seconds(60) }) { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/endless-stream HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until("data: begun\n")
            async let end: Void = server.shutDown()
            #expect(try await socket.untilClosed().contains("retry: "))
            await end
            await server.probe.cancelled.wait()
        }
    }

    @Test func `what does not end is ended at the deadline`() async throws {
        try await withServer(limits: { $0.shutdownTimeout = .milliseconds(100) }) { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            await server.shutDown()
            await server.probe.cancelled.wait()
            #expect(try await socket.receive() == nil)
        }
    }
}
