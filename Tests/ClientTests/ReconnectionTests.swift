import HTTPTypes
import MartletClient
import NIOCore
import Synchronization
import Testing

/// WHATWG HTML, section 9.2.3 "Processing model", and what was added to it.
@Suite(.timeLimit(.minutes(1))) struct ReconnectionTests {
    @Test func `a stream that ends is asked for again after the reconnection time, after its last id`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.retry = .seconds(7) }
            let reading = subject.reading()
            let first = await server.next()
            #expect(first.header("last-event-id") == nil)
            #expect(first.header("accept") == "text/event-stream")
            #expect(first.header("cache-control") == "no-cache")
            try await first.open()
            try await first.send("id: ä1\ndata: one\n\ndata: two\n\n")
            #expect(await reading.next() == .init(event: "message", data: "one", lastEventID: "ä1"))
            #expect(await reading.next() == .init(event: "message", data: "two", lastEventID: "ä1"))
            try await first.end()
            #expect(await subject.clock.passNextSleep() == .seconds(7))
            let second = await server.next()
            #expect(second.header("last-event-id") == "ä1")
            try await second.open()
            try await second.send("data: three\n\n")
            #expect(await reading.next() == .init(event: "message", data: "three", lastEventID: "ä1"))
            #expect(await subject.errors.next().name == "ended")
        }
    }

    @Test func `a block that a connection's end leaves unfinished is dropped with its id`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let first = await server.next()
            try await first.open()
            try await first.send("id: 1\ndata: whole\n\nid: 2\ndata: half\n")
            #expect(await reading.next().data == "whole")
            try await first.cut()
            #expect(await subject.errors.next().name == "connection")
            await subject.clock.passNextSleep()
            let second = await server.next()
            #expect(second.header("last-event-id") == "1")
            try await second.open()
            try await second.send("\ndata: next\n\n")
            #expect(await reading.next().data == "next")
        }
    }

    @Test func `a connection cut before its answer is tried again`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            try await server.next().cut()
            await subject.clock.passNextSleep()
            let second = await server.next()
            try await second.open()
            try await second.send("data: at last\n\n")
            #expect(await reading.next().data == "at last")
        }
    }

    @Test func `an empty id takes the header away`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.lastEventID = "before" }
            let reading = subject.reading()
            let first = await server.next()
            #expect(first.header("last-event-id") == "before")
            try await first.open()
            try await first.send("id\ndata: x\n\n")
            #expect(await reading.next().lastEventID == "")
            try await first.end()
            await subject.clock.passNextSleep()
            #expect(await server.next().header("last-event-id") == nil)
        }
    }

    @Test func `an id that no header can carry is not sent, and the stream goes on`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let first = await server.next()
            try await first.open()
            try await first.send("id: a\u{1}b\ndata: x\n\n")
            #expect(await reading.next().lastEventID == "a\u{1}b")
            try await first.end()
            await subject.clock.passNextSleep()
            #expect(await server.next().header("last-event-id") == nil)
        }
    }

    @Test(arguments: [
        ("retry: 1234", Duration.milliseconds(1234)),
        ("retry: 0", .milliseconds(50)),
        ("retry: 99999999999", .seconds(300)),
        ("retry: 12x", .seconds(3)),
        ("retry: -1", .seconds(3)),
        ("retry:", .seconds(3)),
    ])
    func `retry sets the delay, within bounds, if it is digits only`(line: String, delay: Duration) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            subject.source.connect()
            let first = await server.next()
            try await first.open()
            try await first.send("\(line)\n\n")
            try await first.end()
            #expect(await subject.clock.passNextSleep() == delay)
            _ = await server.next()
        }
    }

    @Test func `204 ends the stream without an error`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            try await server.next().respond(204)
            #expect(await reading.end == nil)
            #expect(subject.source.state == .closed)
            #expect(subject.errors.isEmpty)
        }
    }

    @Test(arguments: [201, 205, 300, 304, 400, 401, 403, 404, 410, 429, 500, 503])
    func `any other status ends the source`(status: Int) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            try await server.next().respond(status, ["content-type": "text/event-stream"])
            guard case .status(status) = await reading.end else {
                Issue.record("not ended by the status")
                return
            }
            #expect(subject.source.state == .closed)
        }
    }

    @Test func `a status in the configuration is tried again, no sooner than the server wishes`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.retriedStatuses = [503] }
            subject.source.connect()
            try await server.next().respond(503, ["retry-after": "40"])
            #expect(await subject.clock.passNextSleep() == .seconds(40))
            try await server.next().respond(503, ["retry-after": "soon"])
            #expect(await subject.clock.passNextSleep() == .seconds(6))
            try await server.next().open()
            for await state in subject.source.states where state == .open { break }
        }
    }

    @Test(arguments: [
        ("text/event-stream", true), ("Text/Event-Stream", true), ("text/event-stream;charset=utf-8", true),
        ("text/event-stream ; x=y", true), ("text/plain", false), ("text/event-streams", false), ("", false),
        ("application/json", false), ("text/html; text/event-stream", false),
    ])
    func `only the MIME type of event streams opens one`(type: String, opens: Bool) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let exchange = await server.next()
            try await exchange.open(type.isEmpty ? [:] : ["content-type": type])
            if opens {
                try await exchange.send("data: x\n\n")
                #expect(await reading.next().data == "x")
            } else {
                #expect(await reading.end?.name == "contentType")
                try await exchange.waitUntilClosed()
            }
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is followed with the id, and asked for anew the next time`(status: Int) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url("/old")) { $0.lastEventID = "7" }
            let reading = subject.reading()
            for _ in 0..<2 {
                let first = await server.next()
                #expect(first.head.uri == "/old")
                try await first.respond(status, ["location": "/new"])
                let second = await server.next()
                #expect(second.head.uri == "/new")
                #expect(second.header("last-event-id") == "7")
                try await second.open()
                try await second.send("data: x\n\n")
                #expect(await reading.next().data == "x")
                try await second.end()
                await subject.clock.passNextSleep()
            }
        }
    }

    @Test func `redirects in a circle are a failed attempt`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url("/a")) { $0.maximumAttempts = 1 }
            let reading = subject.reading()
            try await server.next().respond(302, ["location": "/b"])
            try await server.next().respond(302, ["location": "/a"])
            #expect(await reading.end?.name == "attemptsExhausted")
        }
    }

    @Test func `delays double up to the maximum while attempts fail, and start anew after a stream`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            subject.source.connect()
            for seconds in [3, 6, 12, 24, 30, 30] {
                try await server.next().cut()
                #expect(await subject.clock.passNextSleep() == .seconds(seconds))
            }
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send(":\n")
            try await exchange.end()
            #expect(await subject.clock.passNextSleep() == .seconds(3))
            try await server.next().cut()
            #expect(await subject.clock.passNextSleep() == .seconds(3))
            try await server.next().cut()
            #expect(await subject.clock.passNextSleep() == .seconds(6))
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `jitter comes from the generator given`(seed: UInt64) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url(), seed: seed) { $0.backoff.jitter = 0.5 }
            subject.source.connect()
            try await server.next().cut()
            var generator = SeededGenerator(state: seed)
            let share = Double.random(in: 0...0.5, using: &generator)
            #expect(await subject.clock.passNextSleep() == .seconds(3) + .seconds(3) * share)
        }
    }

    @Test func `a source gives up after as many failures in a row as it may have`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.maximumAttempts = 2 }
            let reading = subject.reading()
            try await server.next().cut()
            await subject.clock.passNextSleep()
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send(":\n")
            try await exchange.cut()
            for _ in 0..<2 {
                await subject.clock.passNextSleep()
                try await server.next().cut()
            }
            guard case .attemptsExhausted(2, .connection) = await reading.end else {
                Issue.record("not ended by the limit")
                return
            }
        }
    }

    @Test func `headers are asked for before every attempt, and may fail`() async throws {
        struct NoToken: Error {}
        try await ScriptedServer.run { server in
            let asked = Mutex(0)
            let subject = Subject(server.url()) { configuration in
                configuration.headers = {
                    let count = asked.withLock { count in
                        count += 1
                        return count
                    }
                    if count == 2 { throw NoToken() }
                    return [.authorization: "Bearer \(count)", .accept: "text/event-stream, */*;q=0.1"]
                }
            }
            subject.source.connect()
            let first = await server.next()
            #expect(first.header("authorization") == "Bearer 1")
            #expect(first.head.headers["accept"] == ["text/event-stream, */*;q=0.1"])
            try await first.respond(200, ["content-type": "text/event-stream"])
            #expect(await subject.errors.next().name == "ended")
            await subject.clock.passNextSleep()
            #expect(await subject.errors.next().name == "headers")
            await subject.clock.passNextSleep()
            #expect(await server.next().header("authorization") == "Bearer 3")
        }
    }

    @Test func `a body is sent with every attempt`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { configuration in
                configuration.method = .post
                configuration.body = ByteBuffer(string: "{}")
                configuration.headers = { [.contentType: "application/json"] }
            }
            subject.source.connect()
            for _ in 0..<2 {
                let exchange = await server.next()
                #expect(exchange.head.method == .POST)
                #expect(exchange.head.headers["content-type"] == ["application/json"])
                #expect(exchange.body == ByteBuffer(string: "{}"))
                try await exchange.cut()
                await subject.clock.passNextSleep()
            }
        }
    }

    @Test func `a server that falls silent is left and asked again`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.idleTimeout = .seconds(45) }
            subject.source.connect()
            let exchange = await server.next()
            try await exchange.open()
            for await state in subject.source.states where state == .open { break }
            #expect(await subject.clock.passNextSleep() == .seconds(45))
            #expect(await subject.errors.next().name == "idle")
            try await exchange.waitUntilClosed()
            #expect(await subject.clock.passNextSleep() == .seconds(3))
            _ = await server.next()
        }
    }

    @Test func `a server that never answers is left and asked again`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.idleTimeout = .seconds(45) }
            subject.source.connect()
            let exchange = await server.next()
            #expect(await subject.clock.passNextSleep() == .seconds(45))
            #expect(await subject.errors.next().name == "idle")
            try await exchange.waitUntilClosed()
        }
    }

    @Test func `a heartbeat keeps a connection`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.idleTimeout = .seconds(45) }
            let reading = subject.reading()
            let exchange = await server.next()
            try await exchange.open()
            for beat in 1...5 {
                subject.clock.advance(by: .seconds(40))
                try await exchange.send(": heartbeat\n\ndata: \(beat)\n\n")
                #expect(await reading.next().data == "\(beat)")
            }
            #expect(subject.errors.isEmpty)
        }
    }

    @Test func `a connection is dropped on request and asked for again with its id`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let first = await server.next()
            try await first.open()
            try await first.send("id: 4\ndata: x\n\n")
            #expect(await reading.next().data == "x")
            subject.source.reconnect()
            try await first.waitUntilClosed()
            #expect(await subject.clock.passNextSleep() == .seconds(3))
            #expect(await server.next().header("last-event-id") == "4")
        }
    }

    @Test(arguments: ["", "events", "ftp://localhost/", "http:///x"])
    func `a URL that cannot be asked for ends the source`(url: String) async {
        let reading = Subject(url).reading()
        #expect(await reading.end?.name == "invalidRequest")
    }
}
