import EventModel
import MartletCore
import MartletEventStream
import Testing

/// An event is the business of the loops that have someone for it, and of no other.
@Suite struct WakingTests {
    static let table: [(audience: EventAudience, woken: [Bool])] = [
        (.everyone, [true, true, false]),
        (.topic("news"), [true, false, false]),
        (.topic("room/a"), [false, true, false]),
        (.topic("room/b"), [false, true, false]),
        (.topic("nobody"), [false, false, false]),
        (.user("ada"), [true, false, false]),
        (.user("bob"), [false, false, false]),
    ]

    @Test(arguments: table) func `only loops with someone for an event are woken`(
        _ audience: EventAudience, _ woken: [Bool]
    ) throws {
        let host = try TestHub(loops: 3)
        let sinks = [
            try host.sink(["news"], user: "ada", loop: 0), try host.sink(["room/a"], loop: 1),
            try host.sink(["room/*"], loop: 1),
        ]
        let left = try host.sink(["news", "nobody"], user: "bob", loop: 2)
        host.run()
        left.leave()
        host.run()
        try host.post("hi", to: audience)
        #expect(host.loops.map { !$0.isIdle } == woken)
        host.run()
        #expect(sinks.contains { !$0.texts().isEmpty } == woken.contains(true))
    }

    @Test func `a loop is woken once until it has come to work`() throws {
        let host = try TestHub()
        let sink = try host.sink()
        host.run()
        for round in 1...2 {
            for _ in 0..<5 { try host.post("hi") }
            #expect(host.loops[0].taskCount == 1)
            host.run()
            #expect(sink.texts().count == 5 * round)
        }
    }

    /// More than the room that all loops' readers have.
    @Test func `publishers do not wait for loops that have no readers`() async throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 1000
        let host = try TestHub(loops: 2, limits: limits) { settings in
            try settings.topic("t") { $0.slowReaders = .suspendPublisher }
        }
        let hub = host.hub
        for _ in 0..<50 { try await hub.publish(data: String(repeating: "x", count: 100), to: "t") }
        #expect(!host.loops.contains { !$0.isIdle })
    }
}
