import Martlet
import MartletClient
import MartletTesting
import Testing

/// The client's `EventSource`, by way of a link that is bad.
@Suite(.timeLimit(.minutes(1))) struct FaultyLinkTests {
    let host: TestHost
    init() throws { host = try TestHost(controllers: FeedController.self, over: .loopback) }

    private func subject(_ link: FaultyLink) -> Subject {
        Subject("\(link.address)/feed") { configuration in
            configuration.retry = .milliseconds(50)
            configuration.retryRange = .milliseconds(50)...(.milliseconds(50))
            configuration.backoff = .none
        }
    }

    private func say(_ text: String) async throws {
        try await host.client().post("/say", form: ["message": text]).expect(.noContent)
    }

    /// The next event that somebody said.
    private func said(_ reading: Reading) async -> String {
        while true {
            let event = await reading.next()
            if event.event == "said" { return event.data }
        }
    }

    @Test(arguments: [1, 5, 12, 20, 33, 60])
    func `a cut in the middle of an event loses nothing`(_ count: Int) async throws {
        let link = try await FaultyLink(to: host.address)
        let subject = subject(link)
        let reading = subject.reading()
        #expect(await reading.next().event == "hello")
        try await say("first")
        #expect(await said(reading) == "first")
        link.cut(afterBytes: count)
        for number in 1...5 { try await say("line \(number)") }
        // The source waits before it comes back; the events are kept meanwhile.
        await subject.clock.passNextSleep()
        for number in 1...5 { #expect(await said(reading) == "line \(number)") }
        #expect(link.connectionCount == 2)
        subject.source.close()
        await link.close()
    }

    @Test func `a cut of everything loses nothing either`() async throws {
        let link = try await FaultyLink(to: host.address)
        let subject = subject(link)
        let reading = subject.reading()
        #expect(await reading.next().event == "hello")
        try await say("first")
        #expect(await said(reading) == "first")
        link.cut()
        try await say("second")
        await subject.clock.passNextSleep()
        #expect(await said(reading) == "second")
        #expect(link.connectionCount == 2)
        subject.source.close()
        await link.close()
    }

    @Test func `a request that is cut never arrives`() async throws {
        let link = try await FaultyLink(to: host.address)
        let listener = try await host.stream("/feed")
        try await listener.expect("hello")
        link.cut(afterBytes: 20, from: .client)
        await #expect(throws: (any Error).self) {
            try await WebClient("\(link.address)").post("/say", form: ["message": "lost"])
        }
        #expect(link.passedBytes(from: .client) == 20)
        try await listener.none()
        await link.close()
    }

    @Test func `every byte in a write of its own makes the same events`() async throws {
        let link = try await FaultyLink(to: host.address)
        link.splitsEveryByte = true
        let subject = subject(link)
        let reading = subject.reading()
        #expect(await reading.next() == .init(event: "hello", data: "from the server", lastEventID: "1"))
        try await say("你好\nnext line")
        #expect(await said(reading) == "你好\nnext line")
        subject.source.close()
        // The other way as well.
        let web = WebClient("\(link.address)")
        #expect(try await web.post("/say", form: ["message": "in pieces"]).status == .noContent)
        #expect(link.passedBytes(from: .client) > 0 && link.passedBytes() > 0)
        await link.close()
    }

    @Test func `what stalls comes later`() async throws {
        let link = try await FaultyLink(to: host.address)
        let subject = subject(link)
        let reading = subject.reading()
        #expect(await reading.next().event == "hello")
        link.stall()
        let passed = link.passedBytes()
        try await say("held up")
        #expect(link.passedBytes() == passed)
        link.resume()
        #expect(await said(reading) == "held up")
        subject.source.close()
        await link.close()
    }

    @Test func `a request that stalls is not answered until it is let go`() async throws {
        let link = try await FaultyLink(to: host.address)
        let listener = try await host.stream("/feed")
        try await listener.expect("hello")
        link.stall(.client)
        async let answer = WebClient("\(link.address)").post("/say", form: ["message": "late"])
        try await listener.none()
        link.resume(.client)
        #expect(try await answer.status == .noContent)
        try await listener.expect("said", data: "late")
        await link.close()
    }

    @Test func `without a server there is nothing to connect to`() async throws {
        let address = try await host.address
        let link = try await FaultyLink(to: .init(host: address.host, port: 1))
        await #expect(throws: (any Error).self) { try await WebClient("\(link.address)").get("/feed") }
        #expect(link.connectionCount == 0)
        await link.close()
        await #expect(throws: (any Error).self) { try await WebClient("\(link.address)").get("/feed") }
    }
}
