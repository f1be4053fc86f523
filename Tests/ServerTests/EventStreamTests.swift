import Testing

/// Event streams over sockets: what is on the wire, and how soon it is known that a client has gone.
@Suite(.timeLimit(.minutes(2))) struct EventStreamTests {
    @Test func `two events are there at once, behind an opening comment`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await socket.until("\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.contains("Content-Type: text/event-stream\r\n"))
            #expect(head.contains("Cache-Control: no-cache\r\n"))
            #expect(head.contains("X-Accel-Buffering: no\r\n"))
            #expect(head.contains("Transfer-Encoding: chunked\r\n"))
            #expect(!head.contains("Content-Length"))
            let events = try await socket.until("data: 2\n")
            let one = try #require(events.firstRange(of: "event: one\ndata: 1\n"))
            let two = try #require(events.firstRange(of: "event: two\ndata: 2\n"))
            let comment = try #require(events.firstRange(of: ":"))
            #expect(comment.lowerBound < one.lowerBound && one.lowerBound < two.lowerBound)
        }
    }

    @Test func `HTTP-1.0 gets its events without chunks`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let head = try await socket.until("\r\n\r\n")
            #expect(head.contains("Connection: close\r\n"))
            #expect(!head.contains("Transfer-Encoding"))
            let events = try await socket.until("data: 2\n")
            #expect(events.contains(":\nevent: one\ndata: 1\n"))
            #expect(events.hasSuffix("\n\nevent: two\ndata: 2\n"))
            #expect(!events.contains("\r"))
        }
    }

    @Test(arguments: [1000, 50000]) func `a reader that pauses gets everything in order`(size: Int) async throws {
        try await withServer { server in
            let stream = try server.connect(receiveBuffer: 4096)
            try await stream.send("GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await stream.until("data: 2\n")
            let sender = try server.connect()
            let count = 900_000 / size
            for number in 0..<count {
                let body = "message=\(number)-" + String(repeating: "x", count: size)
                try await sender.send(
                    "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n"
                        + "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
                #expect(try await sender.response().text == "1")
            }
            for number in 0..<count {
                let event = try await stream.until("-" + String(repeating: "x", count: size) + "\n")
                #expect(event.contains("event: news\ndata: \(number)-x"))
            }
        }
    }

    @Test func `a broadcast reaches every stream on every loop`() async throws {
        try await withServer(threads: 2) { server in
            var streams: [RawSocket] = []
            for _ in 0..<20 { streams.append(try await server.openStream()) }
            let sender = try server.connect()
            try await sender.send(
                "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
                    + #"{"message": "hi"}"#)
            #expect(try await sender.response().text == "20")
            for stream in streams { _ = try await stream.until("event: news\ndata: hi\n") }
        }
    }

    @Test(arguments: ConnectionTests.Ending.allCases)
    func `a client that goes away is gone at once`(_ ending: ConnectionTests.Ending) async throws {
        try await withServer { server in
            let leaving = try await server.openStream()
            let staying = try await server.openStream()
            #expect(try await server.clientCount() == 2)
            if ending == .fin { leaving.close() } else { leaving.reset() }
            await server.probe.streamClosed.wait()
            #expect(try await server.clientCount() == 1)
            staying.close()
        }
    }

    @Test(arguments: [true, false]) func `a stream that has ended is let go`(clientEndsIt: Bool) async throws {
        var probe: Probe?
        try await withServer { server in
            probe = server.probe
            let stream = try await server.openStream()
            if clientEndsIt {
                stream.close()
                await server.probe.streamClosed.wait()
            }
        }
        // A stream that something still held would hold the hub.
        while probe?.hub.withLock({ $0.hub }) != nil { await Task.yield() }
    }

    @Test func `clients that go away while their streams open leave nothing behind`() async throws {
        try await withServer { server in
            for round in 0..<200 {
                let socket = try server.connect()
                try await socket.send("GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\n")
                if round.isMultiple(of: 2) { socket.reset() } else { socket.close() }
            }
            while try await server.clientCount() > 0 {}
        }
    }

    /// Events go to sockets by their numbers, which the next connection may get.
    @Test func `a connection with the socket of a stream that has gone gets none of its events`() async throws {
        try await withServer { server in
            func broadcast() async throws {
                let sender = try server.connect()
                try await sender.send(
                    "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 17\r\n"
                        + "\r\n" + #"{"message": "hi"}"#)
                #expect(try await sender.response().status == 200)
                sender.close()
            }
            for round in 0..<12 {
                let stream = try await server.openStream()
                // The first goes by the stream's own output, the second past it.
                for _ in 0..<2 { try await broadcast() }
                _ = try await stream.until("data: hi\n")
                if round.isMultiple(of: 2) { stream.reset() } else { stream.close() }
                let next = try server.connect()
                try await broadcast()
                try await next.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await next.response()
                #expect(response.status == 200)
                #expect(!response.text.contains("hi"))
                next.close()
            }
        }
    }

    /// Less than the connection keeps for the stream's end, and more than it and the kernel keep: beyond that it reads no
    /// further.
    @Test(arguments: [32, 16 * 1024]) func `what a client sends into its stream does not disturb it`(
        kilobytes: Int
    ) async throws {
        try await withServer { server in
            let stream = try await server.openStream()
            let block = [UInt8](repeating: 0, count: 1024)
            var sent = 0
            while sent < kilobytes, stream.sendWithoutWaiting(block) > 0 { sent += 1 }
            #expect(try await server.clientCount() == 1)
            let sender = try server.connect()
            try await sender.send(
                "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
                    + #"{"message": "hi"}"#)
            #expect(try await sender.response().text == "1")
            _ = try await stream.until("event: news\ndata: hi\n")
            // Where nothing is read, a close would stand behind all of it until the next heartbeat.
            if kilobytes > 32 { stream.reset() } else { stream.close() }
            await server.probe.streamClosed.wait()
        }
    }

    @Test func `a client that goes away is gone whatever it sent behind its request`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/late-events HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            // More than the connection keeps: it reads no further until the stream is open.
            let block = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
            var refusals = 0
            while refusals < 50 {
                refusals = socket.sendWithoutWaiting(block) == 0 ? refusals + 1 : 0
                try await server.expectGoodAnswer()
            }
            server.probe.gate.fire()
            _ = try await socket.until("data: 2\n")
            socket.close()
            await server.probe.streamClosed.wait()
            #expect(try await server.clientCount() == 0)
        }
    }

    @Test func `a request behind the one that opened a stream is not answered into it`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until("data: 2\n")
            // At a shutdown the connection ends with the stream.
            await server.shutDown()
            #expect(try await !socket.untilClosed().contains("HTTP/1.1"))
        }
    }
}

extension RunningServer {
    /// A stream whose two first events have come.
    func openStream() async throws -> RawSocket {
        let socket = try connect()
        try await socket.send("GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try await socket.until("data: 2\n")
        return socket
    }

    func clientCount() async throws -> Int {
        let socket = try connect()
        try await socket.send("GET /probe/count HTTP/1.1\r\nHost: a\r\n\r\n")
        return Int(try await socket.response().text) ?? -1
    }
}
