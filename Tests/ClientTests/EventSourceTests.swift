import MartletClient
import NIOCore
import Synchronization
import Testing

/// What a program sees of a stream.
@Suite(.timeLimit(.minutes(1))) struct EventSourceTests {
    @Test func `callbacks tell of opening, events, loss and the end, in order`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let said = AsyncQueue<String>()
            subject.source.onOpen { said.add("open") }
            subject.source.onMessage { said.add("\($0.event)=\($0.data)#\($0.lastEventID)") }
            subject.source.onError { said.add("error \($0.name)") }
            subject.source.onClose { said.add("close") }
            subject.source.connect()
            subject.source.connect()
            let first = await server.next()
            try await first.open()
            try await first.send("event: notification\nid: 1\ndata: hi\n\ndata: plain\n\n")
            try await first.end()
            await subject.clock.passNextSleep()
            try await server.next().respond(404)
            var heard: [String] = []
            for _ in 0..<6 { heard.append(await said.next()) }
            #expect(
                heard == ["open", "notification=hi#1", "message=plain#1", "error ended", "error status", "close"])
        }
    }

    @Test func `the states can be watched`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            #expect(subject.source.state == .connecting)
            var states = subject.source.states.makeAsyncIterator()
            #expect(await states.next() == .connecting)
            subject.source.connect()
            let first = await server.next()
            try await first.open()
            #expect(await states.next() == .open)
            try await first.end()
            #expect(await states.next() == .connecting)
            await subject.clock.passNextSleep()
            try await server.next().respond(204)
            #expect(await states.next() == .closed)
            #expect(await states.next() == nil)
            #expect(await subject.source.states.first { _ in true } == .closed)
        }
    }

    enum Ending: CaseIterable { case cancelling, closing, leaving }

    @Test(arguments: Ending.allCases)
    func `the socket closes with the loop, the source or the task`(ending: Ending) async throws {
        try await ScriptedServer.run { server in
            let source = Subject(server.url()).source
            let seen = AsyncQueue<Void>()
            let loop = Task {
                for try await _ in source.events {
                    seen.add(())
                    if ending == .leaving { return }
                }
            }
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send("data: x\n\n")
            await seen.next()
            switch ending {
            case .cancelling: loop.cancel()
            case .closing: source.close()
            case .leaving: break
            }
            try await exchange.waitUntilClosed()
            try await loop.value
            #expect(source.state == .closed)
        }
    }

    @Test func `the socket closes with a source that is let go`() async throws {
        try await ScriptedServer.run { server in
            var source: EventSource? = EventSource(server.url())
            source?.connect()
            let exchange = await server.next()
            try await exchange.open()
            source = nil
            try await exchange.waitUntilClosed()
            #expect(source == nil)
        }
    }

    @Test func `a loop that does not read keeps the server from writing`() async throws {
        try await ScriptedServer.run { server in
            var events = Subject(server.url()).source.events.makeAsyncIterator()
            let exchange = await server.next()
            try await exchange.open()
            let event = "data: " + String(repeating: "x", count: 65_528) + "\n\n"
            let written = Mutex(0)
            let writer = Task {
                // 64 MB, far more than the buffers of two sockets hold.
                for _ in 0..<1024 {
                    try await exchange.send(event)
                    written.withLock { $0 += 1 }
                }
            }
            #expect(try await events.next()?.data.utf8.count == 65_528)
            // Time in which a reader without restraint would have read it all.
            let web = WebClient(server.url("/"))
            for _ in 0..<300 {
                async let reply = web.get("/")
                try await server.next().respond(200)
                _ = try await reply
            }
            #expect(written.withLock { $0 } < 1024)
            writer.cancel()
            try await exchange.cut()
            _ = await writer.result
        }
    }

    @Test func `a source is iterated once`() async throws {
        try await ScriptedServer.run { server in
            let source = Subject(server.url()).source
            let sequence = source.events
            let held = sequence.makeAsyncIterator()
            var second = sequence.makeAsyncIterator()
            await #expect {
                _ = try await second.next()
            } throws: { error in
                (error as? EventSourceError)?.name == "alreadyIterated"
            }
            #expect(source.state == .connecting)
            withExtendedLifetime(held) {}
        }
    }

    @Test(arguments: [
        ("{\"verdict\":\"resumed\"}", ResumeVerdict(outcome: .resumed)),
        (
            "{\"after\":\"e-40\",\"through\":\"e-52\",\"verdict\":\"partial\"}",
            ResumeVerdict(outcome: .partial, after: "e-40", through: "e-52")
        ),
        ("{\"verdict\":\"reset\",\"after\":null,\"more\":[]}", ResumeVerdict(outcome: .reset)),
        ("partial", ResumeVerdict(outcome: .partial)), ("\"resumed\"", ResumeVerdict(outcome: .resumed)),
        ("{\"verdict\":\"maybe\"}", ResumeVerdict(outcome: .reset)), ("{", ResumeVerdict(outcome: .reset)),
        ("{\"verdict\":\"partial\",\"after\":7}", ResumeVerdict(outcome: .reset)),
    ])
    func `the verdict on a resumed stream is a value`(data: String, verdict: ResumeVerdict) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.lastEventID = "e-1" }
            let reading = subject.reading()
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send("event: martlet.resume\ndata: \(data)\n\n")
            #expect(await reading.next().resumeVerdict == verdict)
            #expect(subject.source.resumeVerdict == verdict)
        }
    }

    @Test(arguments: [
        ("{\"first\":\"e-7\",\"last\":\"e-9\",\"count\":2}", EventGap(first: "e-7", last: "e-9", count: 2)),
        ("{\"first\":\"e-7\",\"last\":\"e-9\",\"count\":null}", EventGap(first: "e-7", last: "e-9")),
        ("{\"first\":\"e-7\",\"last\":\"e-9\",\"more\":[]}", EventGap(first: "e-7", last: "e-9")),
        ("{\"count\":\"two\"}", EventGap()), ("{", EventGap()), ("three", EventGap()),
    ])
    func `a gap is a value, readable or not`(data: String, gap: EventGap) async throws {
        try await ScriptedServer.run { server in
            let reading = Subject(server.url()).reading()
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send("data: x\n\nevent: martlet.gap\ndata: \(data)\n\n")
            #expect(await reading.next().gap == nil)
            #expect(await reading.next().gap == gap)
        }
    }

    @Test func `a typed loop passes over gaps and verdicts, and callbacks tell of them`() async throws {
        try await ScriptedServer.run { server in
            let source = Subject(server.url()) { $0.lastEventID = "e-1" }.source
            let told = AsyncQueue<String>()
            source.onResume { told.add("\($0.outcome) \($0.through ?? "")") }
            source.onGap { told.add("gap of \($0.count ?? 0)") }
            source.onMessage { told.add($0.event) }
            let loop = Task {
                var read: [ChatEvent] = []
                for try await line in source.events(as: ChatEvent.self) {
                    read.append(line)
                    if read.count == 2 { break }
                }
                return read
            }
            let exchange = await server.next()
            try await exchange.open()
            let said = #"data: {"user":"a","msg":"hi"}"#
            try await exchange.send(
                """
                event: martlet.resume
                data: {"verdict":"partial","after":"e-1","through":"e-4"}

                \(said)

                event: martlet.gap
                data: {"first":"e-6","last":"e-8","count":3}

                \(said)


                """)
            #expect(try await loop.value == Array(repeating: ChatEvent(user: "a", msg: "hi"), count: 2))
            var heard: [String] = []
            for _ in 0..<6 { heard.append(await told.next()) }
            #expect(
                heard == ["martlet.resume", "partial e-4", "message", "martlet.gap", "gap of 3", "message"])
        }
    }

    struct ChatEvent: Codable, Sendable, Equatable {
        let user: String
        let msg: String
    }

    private static let chat = """
        event: martlet.resume
        data: {"verdict":"resumed"}

        event: system
        data: {"msg":"welcome"}

        data: {"user":"a","msg":"hi"}

        event: private
        data: {"user":"b","msg":"psst"}


        """

    private func typed<Payload: Sendable>(
        _ events: @escaping @Sendable (EventSource) -> EventSource.TypedEvents<Payload>, count: Int
    ) async throws -> [Payload] {
        let values = AsyncQueue<[Payload]>()
        try await ScriptedServer.run { server in
            let sequence = events(Subject(server.url()).source)
            let loop = Task {
                var read: [Payload] = []
                for try await value in sequence {
                    read.append(value)
                    if read.count == count { break }
                }
                values.add(read)
            }
            let exchange = await server.next()
            try await exchange.open()
            try await exchange.send(Self.chat)
            try await loop.value
        }
        return await values.next()
    }

    @Test func `events of one type are decoded`() async throws {
        let lines = try await typed({ $0.events(as: ChatEvent.self, named: "message") }, count: 1)
        #expect(lines == [ChatEvent(user: "a", msg: "hi")])
    }

    @Test func `events that are of another shape can be passed over`() async throws {
        let lines = try await typed({ $0.events(as: ChatEvent.self, undecodable: .skip) }, count: 2)
        #expect(lines == [ChatEvent(user: "a", msg: "hi"), ChatEvent(user: "b", msg: "psst")])
    }

    @Test func `an event of another shape ends the loop otherwise`() async throws {
        await #expect {
            _ = try await typed({ $0.events(as: ChatEvent.self) }, count: 2)
        } throws: { error in
            guard case EventSourceError.undecodable(let event, _) = error else { return false }
            return event.event == "system"
        }
    }

    /// What a macro will write one day.
    enum ChatMessage: EventDecodable, Codable, Sendable, Equatable {
        struct Unknown: Error {}
        case system(String)
        case other(String, String)

        init(event: String, data: String) throws {
            self = event == "system" ? .system(data) : .other(event, data)
        }
    }

    @Test func `a type can make itself from an event`() async throws {
        let lines = try await typed({ $0.events(as: ChatMessage.self) }, count: 3)
        #expect(
            lines == [
                .system("{\"msg\":\"welcome\"}"), .other("message", "{\"user\":\"a\",\"msg\":\"hi\"}"),
                .other("private", "{\"user\":\"b\",\"msg\":\"psst\"}"),
            ])
    }

    @Test(arguments: ["gzip", "x-gzip", "GZIP"])
    func `each event arrives as soon as its gzip block is flushed`(coding: String) async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let exchange = await server.next()
            #expect(exchange.header("accept-encoding") == "gzip")
            try await exchange.open(["content-type": "text/event-stream", "content-encoding": coding])
            let gzip = GzipWriter()
            for number in 1...3 {
                try await exchange.send(gzip.piece("data: \(number)\n\n"))
                #expect(await reading.next().data == "\(number)")
            }
            try await exchange.send(gzip.last("data: last\n\n"))
            #expect(await reading.next().data == "last")
            try await exchange.send(GzipWriter().piece("data: another member\n\n"))
            #expect(await reading.next().data == "another member")
        }
    }

    @Test func `gzip that arrives byte by byte is read`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let exchange = await server.next()
            try await exchange.open(["content-type": "text/event-stream", "content-encoding": "gzip"])
            for byte in GzipWriter().piece("data: slowly\n\n").readableBytesView {
                try await exchange.send(ByteBuffer(bytes: [byte]))
            }
            #expect(await reading.next().data == "slowly")
        }
    }

    @Test func `broken gzip is a lost connection, another coding the end`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url())
            let reading = subject.reading()
            let first = await server.next()
            try await first.open(["content-type": "text/event-stream", "content-encoding": "gzip"])
            try await first.send("data: not gzip\n\n")
            #expect(await subject.errors.next().name == "corruptEncoding")
            await subject.clock.passNextSleep()
            try await server.next().open(["content-type": "text/event-stream", "content-encoding": "br"])
            #expect(await reading.end?.name == "contentEncoding")
        }
    }

    @Test func `a line without end is refused at the limit, packed or not`() async throws {
        for packed in [false, true] {
            try await ScriptedServer.run { server in
                let subject = Subject(server.url()) { $0.maximumLineBytes = 10_000 }
                let reading = subject.reading()
                let exchange = await server.next()
                let type = ("content-type", "text/event-stream")
                let endless = "data: fine\n\ndata: " + String(repeating: "x", count: 1 << 22)
                if packed {
                    try await exchange.open([type.0: type.1, "content-encoding": "gzip"])
                    try await exchange.send(GzipWriter().piece(endless))
                } else {
                    try await exchange.open([type.0: type.1])
                    // The client may close before it has all.
                    try? await exchange.send(endless)
                }
                #expect(await reading.next().data == "fine")
                guard case .limit(.lineTooLong(10_000)) = await reading.end else {
                    Issue.record("not ended by the limit")
                    return
                }
                try await exchange.waitUntilClosed()
            }
        }
    }

    @Test func `an event without end is refused at the limit`() async throws {
        try await ScriptedServer.run { server in
            let subject = Subject(server.url()) { $0.maximumEventBytes = 1000 }
            let reading = subject.reading()
            let exchange = await server.next()
            try await exchange.open()
            try? await exchange.send(String(repeating: "data: 0123456789\n", count: 1000))
            guard case .limit(.eventTooLarge(1000)) = await reading.end else {
                Issue.record("not ended by the limit")
                return
            }
        }
    }
}
