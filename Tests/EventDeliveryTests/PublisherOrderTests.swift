import EventModel
import Testing

@testable import MartletCore

/// Publishers that wait for room go on in the order they came: a small event does not pass a large one by.
@Suite struct PublisherOrderTests {
    private func hub(bytes: Int) throws -> EventHub {
        var limits = Limits()
        limits.maxStoreBacklogBytes = bytes
        return try TestHub(limits: limits).hub
    }

    private func stored(_ bytes: Int) -> PublisherGate.Demand {
        PublisherGate.Demand(byteCount: bytes, topic: nil, isStored: true)
    }

    private func wait(_ hub: EventHub, for bytes: Int) async -> Task<Void, any Error> {
        let before = hub.state.withLock { $0.gate.waitingCount + $0.gate.backlog.events }
        let demand = stored(bytes)
        let publisher = Task { try await hub.enter(demand) }
        while hub.state.withLock({ $0.gate.waitingCount + $0.gate.backlog.events == before }) { await Task.yield() }
        return publisher
    }

    private func places(_ hub: EventHub) -> [Int] {
        hub.state.withLock { [$0.gate.backlog.bytes, $0.gate.waitingCount] }
    }

    @Test func `who comes later does not come first, though there is room`() async throws {
        let hub = try hub(bytes: 1000)
        try await hub.enter(stored(600))
        let large = await wait(hub, for: 600)
        let small = await wait(hub, for: 100)
        #expect(places(hub) == [600, 2])
        hub.regulate { $0.wasWritten(stored(600)) }
        for publisher in [large, small] { try await publisher.value }
        #expect(places(hub) == [700, 0])
    }

    @Test func `nobody overtakes who waits for room`() async throws {
        let hub = try hub(bytes: 1000)
        try await hub.enter(stored(900))
        var waiting: [Task<Void, any Error>] = []
        for bytes in [500, 600, 100] { waiting.append(await wait(hub, for: bytes)) }
        hub.regulate { $0.wasWritten(stored(900)) }
        try await waiting[0].value
        #expect(places(hub) == [500, 2])
        hub.regulate { $0.wasWritten(stored(500)) }
        for publisher in waiting { try await publisher.value }
        #expect(places(hub) == [700, 0])
    }
}
