import Martlet
import MartletTesting
import NIOCore
import Testing

/// The samples of the guide to server-sent events.
@Suite struct StreamSampleTests {
    @Test func aStreamBeginsWithItsOwnEventsAndGetsWhatIsBroadcast() async throws {
        let host = try TestHost(controllers: EventsController.self, NotificationController.self)
        let stream = try await host.client().stream(EventsController.links.index())
        let first = try await stream.next()
        #expect(first.event == "message" && first.data == "Hello World" && first.lastEventID == "1")
        #expect(try await stream.next().lastEventID == "2")
        let reply = try await host.client().post("/notification/broadcast", form: ["message": "hi"])
        #expect(reply.text == #"{"code":0,"msg":"已广播","data":null}"#)
        #expect(try await stream.next().event == "notification")
    }

    @Test func aMessageToAUserWhoIsNotThereSaysSo() async throws {
        let host = try TestHost(controllers: NotificationController.self)
        let reply = try await host.client().post("/notification/send-to-user", form: ["user_id": "9", "message": "hi"])
        #expect(reply.text == #"{"code":1,"msg":"用户不在线","data":null}"#)
    }

    @Test func theMonitorCountsTheSeconds() async throws {
        let host = try TestHost(controllers: MonitorController.self)
        let stream = try await host.client().stream(MonitorController.links.monitor())
        await host.advance(by: .seconds(2))
        #expect(await stream.pending().map(\.lastEventID) == ["1", "2", "3"])
        await stream.disconnect()
        #expect(host.clock.sleeperCount == 1, "only the heartbeat sleeps on")
    }

    @Test func streamsAreCountedAndClosed() async throws {
        let host = try TestHost(controllers: EventsController.self, ClientController.self)
        let client = host.client()
        let streams = [
            try await client.stream(EventsController.links.index()),
            try await client.stream(EventsController.links.index()),
        ]
        #expect(try await client.get("/client/count").text == #"{"code":0,"msg":"","data":{"count":2}}"#)
        let oldest = try #require(host.application.sse.clients.first?.id)
        try await client.post("/client/close", form: ["id": "\(oldest)"])
        #expect(await streams[0].hasEnded)
        #expect(await !streams[1].hasEnded)
        try await client.post("/client/close-all", form: [:])
        #expect(await streams[1].hasEnded)
        let reply = try await client.post("/client/close", form: ["id": "\(oldest)"])
        #expect(reply.text.contains("客户端不存在"))
    }

    @Test func aSequenceIsAStreamThatEnds() async throws {
        let host = try TestHost(controllers: CountdownController.self)
        let countdown = try await host.client().stream("/countdown")
        #expect(await countdown.pending().map(\.data) == ["3", "2", "1"])
        #expect(await countdown.hasEnded)
        let rows = try await host.client().stream("/countdown/rows")
        #expect(await rows.pending().count == 1000)
    }

    @Test func aServiceSendsToEveryone() async throws {
        let host = try TestHost(PriceApp())
        let stream = try await host.client().stream("/price/stream")
        try await host.client().post("/price/set", form: ["price": "9.5"])
        #expect(try await stream.next().data == #"{"price":9.5}"#)
    }

    @Test func theParserTakesBytesHoweverTheyAreCut() async throws {
        let chunks = AsyncThrowingStream<ByteBuffer, any Error> { chunks in
            for piece in ["event: sys", "tem\nda", "ta: hello\n\n", "data: 你好\n\n"] {
                chunks.yield(ByteBuffer(string: piece))
            }
            chunks.finish()
        }
        #expect(try await readEvents(of: chunks) == ["system = hello", "message = 你好"])
    }
}
