import Martlet
import MartletTesting
import Testing

/// What a test may take for done when a call of the host has returned.
@Suite(.timeLimit(.minutes(1))) struct QuiescenceTests {
    @Test(arguments: Transport.allCases)
    func `time does not run ahead of work on other threads`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let stream = try await host.stream("/workshop/steps")
        await host.clock.advance(by: .seconds(10))
        #expect(await stream.pending().map(\.data) == ["1", "2", "3"])
        #expect(await stream.hasEnded)
    }

    @Test(arguments: ["later", "saw"], Transport.allCases)
    func `what an action leaves behind is done`(_ action: String, _ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let stream = try await host.stream("/workshop/feed")
        try await host.client().post("/workshop/\(action)").expect(.noContent)
        #expect(await stream.pending().count == 1)
    }

    @Test func `an event is waited for that work without a trace will send`() async throws {
        let host = try TestHost.workshop(time: .live)
        let stream = try await host.stream("/workshop/feed")
        try await host.client().post("/workshop/detached").expect(.noContent)
        try await stream.expect("done", data: "detached")
    }

    @Test func `requests of other tasks are awaited`() async throws {
        let host = try TestHost.workshop()
        let stream = try await host.stream("/workshop/feed")
        async let sawing = host.client().post("/workshop/saw")
        try await stream.expect("done", data: "sawed")
        try await sawing.expect(.noContent)
    }

    @Test func `a request that waits for another holds nobody up for longer than the host's patience`() async throws {
        let host = try TestHost.workshop()
        host.patience = .milliseconds(50)
        async let waiting = host.client().get("/workshop/wait")
        let stream = try await host.stream("/workshop/feed")
        let text = await errorText { _ = try await stream.next() }
        #expect(text.contains("No event is left."))
        await host.clock.advance(by: .seconds(10))
        try await host.call("Workshop@handIn", ["thing": "hammer"])
        try await waiting.expect(.ok, text: "hammer")
    }

    @Test func `a request that a slow reader holds up is not waited for`() async throws {
        let host = try TestHost(controllers: WorkshopController.self, services: Tools(), PoliteGreeter()) { app in
            app.limits.maxStreamBacklogBytes = 100
            try app.events.topic("slow") { $0.slowReaders = .suspendPublisher }
        }
        // A wait would be noticed.
        host.patience = .seconds(60)
        let stream = try await host.stream("/workshop/slow")
        let other = try await host.stream("/workshop/feed")
        await stream.stall()
        try await host.call("Workshop@push", ["text": String(repeating: "x", count: 40)])
        async let held = host.call("Workshop@push", ["text": "second"])
        try await other.none()
        await host.clock.advance(by: .seconds(10))
        await stream.resume()
        try await held.expect(.noContent)
        #expect(await stream.pending().count == 2)
    }

    @Test(arguments: Transport.allCases)
    func `a stream that waits for other requests costs no time`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let stream = try await host.stream("/workshop/belt")
        for number in 1...20 {
            try await host.call("Workshop@handIn", ["thing": number])
            try await stream.expect("thing", data: "\(number)")
        }
        try await stream.none()
    }

    @Test func `on a live clock time passes by itself`() async throws {
        let host = try TestHost(controllers: PaceController.self, time: .live)
        let stream = try await host.stream("/pace")
        for number in 1...3 { try await stream.expect("pace", data: "\(number)") }
        let before = host.clock.now
        await host.clock.advance(by: .milliseconds(5))
        #expect(before.duration(to: host.clock.now) >= .milliseconds(5))
    }

    @Test func `a host that is let go leaves nothing behind`() async throws {
        weak var application: Application?
        weak var clock: ManualClock?
        do {
            let host = try TestHost.workshop()
            (application, clock) = (host.application, host.clock)
            let stream = try await host.stream("/workshop/steps")
            try await stream.expect("step", data: "1")
        }
        // Its timer has to see that it is cancelled.
        let deadline = ContinuousClock.now + .seconds(5)
        while clock != nil, ContinuousClock.now < deadline { await Task.yield() }
        #expect(application == nil && clock == nil)
    }

    @Test func `time does not go backwards`() async {
        await #expect(processExitsWith: .failure) { await ManualClock().advance(by: .seconds(-1)) }
    }
}

@Controller
struct PaceController {
    func index(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream { client in
            for number in 1...3 {
                try await clock.sleep(for: .milliseconds(20))
                try client.send(event: "pace", data: "\(number)")
            }
        }
    }
}
