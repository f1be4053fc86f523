import Testing

@testable import MartletClient

/// What bounds the memory of a slow reader.
@Suite(.timeLimit(.minutes(1))) struct EventHandoffTests {
    private func event(_ data: String) -> EventSource.Event { .init(event: "message", data: data, lastEventID: "") }

    private func data(_ taken: EventHandoff.Taken) -> [String]? {
        if case .events(let events) = taken { events.map(\.data) } else { nil }
    }

    @Test func `giving waits until what was given is taken`() async {
        let handoff = EventHandoff()
        let log = AsyncQueue<String>()
        let giver = Task {
            for data in ["1", "2", "3"] {
                await handoff.give([event(data)])
                log.add("given \(data)")
            }
        }
        for number in 1...3 {
            #expect(log.isEmpty)
            #expect(data(await handoff.take()) == ["\(number)"])
            #expect(await log.next() == "given \(number)")
        }
        await giver.value
    }

    @Test func `what was given before a cancellation is still there`() async {
        let handoff = EventHandoff()
        let giver = Task { await handoff.give([event("1")]) }
        giver.cancel()
        await giver.value
        let second = Task { await handoff.give([event("2")]) }
        var taken: [String] = []
        while taken.count < 2 { taken += data(await handoff.take()) ?? [] }
        #expect(taken == ["1", "2"])
        await second.value
    }

    @Test func `the end comes after what was given, and its error once`() async {
        let handoff = EventHandoff()
        let giver = Task { await handoff.give([event("1")]) }
        giver.cancel()
        await giver.value
        handoff.finish(.ended)
        handoff.finish(nil)
        #expect(data(await handoff.take()) == ["1"])
        guard case .end(.ended?) = await handoff.take(), case .end(nil) = await handoff.take() else {
            Issue.record("not ended with the error, once")
            return
        }
    }

    @Test func `a cancelled reader is let go`() async {
        let handoff = EventHandoff()
        let taker = Task { await handoff.take() }
        taker.cancel()
        guard case .end(nil) = await taker.value else {
            Issue.record("not let go")
            return
        }
    }

    @Test func `giving after the end does not wait`() async {
        let handoff = EventHandoff()
        handoff.finish(nil)
        await handoff.give([event("late")])
        guard case .end(nil) = await handoff.take() else {
            Issue.record("delivered after the end")
            return
        }
    }
}
