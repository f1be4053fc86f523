import EventModel
import MartletEventStream
import Synchronization
import Testing

@testable import MartletCore

/// What waits for a store that has fallen behind is bounded, and nobody gets what was turned away.
@Suite struct SlowStoreTests {
    private let store = FakeStore()

    private func host(events: Int = 5, bytes: Int = 1 << 20) throws -> TestHub {
        var limits = Limits()
        limits.maxStoreBacklogEvents = events
        limits.maxStoreBacklogBytes = bytes
        return try TestHub(limits: limits) { settings in
            settings.store = store
            try settings.topic("unkept") { $0.keepsHistory = false }
        }
    }

    private func backlog(_ host: TestHub) -> Int { host.hub.state.withLock { $0.gate.backlog.events } }
    private func waiting(_ host: TestHub) -> Int { host.hub.state.withLock { $0.gate.waitingCount } }

    @Test func `a publisher that does not wait gets an error, and nobody the event`() throws {
        let host = try host()
        let sink = try host.sink()
        host.run()
        store.isBlocked = true
        for index in 0..<5 { try host.post("\(index)") }
        let error = #expect(throws: StoreBacklogError.self) { try host.post("phantom") }
        #expect(error?.waitingEvents == 5)
        #expect(throws: StoreBacklogError.self) { try host.post("phantom", to: .topic("unkept")) }
        #expect(throws: StoreBacklogError.self) { try host.hub.send(ServerSentEvent(data: "phantom"), to: sink.id) }
        store.isBlocked = false
        host.run()
        try host.post("5")
        host.run()
        #expect(sink.texts() == ["0", "1", "2", "3", "4", "5"])
        #expect(store.events.map(\.data) == ["0", "1", "2", "3", "4", "5"])
        // What was turned away took no number.
        #expect(host.hub.state.withLock { $0.lastSequence } == host.hub.firstSequence + 6)
        #expect(backlog(host) == 0)
    }

    @Test func `where there is await, post does not wait for the store, and publish does`() async throws {
        let host = try host(events: 100)
        let hub = host.hub
        let sink = try host.sink()
        host.run()
        store.isBlocked = true
        let publisher = Task { try await hub.publish(data: "0", to: .everyone) }
        while backlog(host) == 0 { await Task.yield() }
        // The store hangs: what waited for it would not come back.
        try hub.post(ServerSentEvent(data: "1"), to: .everyone)
        try hub.post(data: "2", to: .everyone)
        try hub.post(data: 3, to: .everyone)
        #expect(backlog(host) == 4)
        #expect(sink.events.isEmpty)
        store.isBlocked = false
        _ = try await publisher.value
        host.run()
        #expect(sink.texts() == ["0", "1", "2", "3"])
    }

    @Test func `bytes are bounded, too, and an event larger than all the room has it alone`() throws {
        let host = try host(events: 100, bytes: 1000)
        store.isBlocked = true
        try host.post(String(repeating: "x", count: 5000))
        #expect(throws: StoreBacklogError.self) { try host.post("x") }
        store.isBlocked = false
        host.run()
        store.isBlocked = true
        try host.post("x")
        #expect(throws: StoreBacklogError.self) { try host.post(String(repeating: "x", count: 5000)) }
        for _ in 0..<9 { _ = try? host.post(String(repeating: "x", count: 200)) }
        let bytes = host.hub.state.withLock { $0.gate.backlog.bytes }
        #expect(bytes > 700 && bytes <= 1000)
        store.isBlocked = false
        host.run()
    }

    /// A store that hangs must not keep a stream open that is to end; what was sent to its client alone comes before.
    @Test(arguments: [true, false]) func `closing a stream waits for no store`(isOne: Bool) throws {
        let host = try host(events: 3)
        let (sink, other) = (try host.sink(), try host.sink())
        host.run()
        store.isBlocked = true
        try host.post("0")
        #expect(try host.hub.send(event: "farewell", data: "1", to: sink.id))
        if isOne { #expect(host.hub.closeClient(sink.id)) } else { #expect(host.hub.closeAll() == 2) }
        for loop in host.loops { loop.run() }
        #expect(sink.hasEnded)
        #expect(sink.events.map(\.data) == ["1"])
        #expect(other.hasEnded == !isOne)
        store.isBlocked = false
        host.run()
        #expect(sink.events.map(\.data) == ["1"])
        #expect(other.texts() == (isOne ? ["0"] : []))
    }

    @Test func `publishers with await wait for room and lose nothing`() async throws {
        let host = try host()
        let hub = host.hub
        let sink = try host.sink()
        host.run()
        store.isBlocked = true
        let publishers = (0..<20).map { index in Task { try await hub.publish(data: "\(index)", to: .everyone) } }
        while waiting(host) < 15 { await Task.yield() }
        #expect(backlog(host) == 5)
        #expect(throws: StoreBacklogError.self) { try host.post("phantom") }
        store.isBlocked = false
        for publisher in publishers { #expect(try await publisher.value.id != nil) }
        host.run()
        #expect(Set(sink.texts()) == Set((0..<20).map(String.init)))
        #expect(sink.texts().count == 20)
        #expect(store.events.map(\.data) == sink.texts())
        #expect(backlog(host) == 0)
    }

    @Test func `publishers that wait go on in the order they came`() async throws {
        let host = try host(events: 1)
        let hub = host.hub
        store.isBlocked = true
        try host.post("0")
        var publishers: [Task<Receipt, any Error>] = []
        for index in 1..<10 {
            publishers.append(Task { try await hub.publish(data: "\(index)", to: .everyone) })
            while waiting(host) < index { await Task.yield() }
        }
        store.isBlocked = false
        for publisher in publishers { _ = try await publisher.value }
        #expect(store.events.map(\.data) == (0..<10).map { "\($0)" })
    }

    @Test func `who needs much room is not overtaken for ever by those who need little and do not wait`() async throws {
        let host = try host(events: 100, bytes: 1000)
        let hub = host.hub
        store.isBlocked = true
        try host.post("small")
        let large = Task { try await hub.publish(data: String(repeating: "x", count: 5000), to: .everyone) }
        while waiting(host) < 1 { await Task.yield() }
        #expect(throws: StoreBacklogError.self) { try host.post("small") }
        store.isBlocked = false
        #expect(try await large.value.id != nil)
        try host.post("small")
        host.run()
        #expect(store.events.map(\.data?.count) == [5, 5000, 5])
    }

    /// They wait for something else, and have no claim to the store.
    @Test func `who waits for slow readers has nobody turned away who does not wait`() async throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 400
        let host = try TestHub(limits: limits) { settings in
            settings.store = store
            try settings.topic("t") { $0.slowReaders = .suspendPublisher }
        }
        let hub = host.hub
        let sink = try host.sink(["t"])
        host.run()
        store.isBlocked = true
        let text = String(repeating: "x", count: 80)
        let publishers = (0..<4).map { _ in Task { try await hub.publish(data: text, to: "t") } }
        while waiting(host) < 3 { await Task.yield() }
        #expect(try hub.send(data: "direct", to: sink.id))
        try host.post("everyone")
        store.isBlocked = false
        while sink.texts().count < 6 {
            await Task.yield()
            host.run()
        }
        for publisher in publishers { _ = try await publisher.value }
        #expect(backlog(host) == 0)
    }

    @Test func `one that is cancelled while it waits publishes nothing and is in nobody's way`() async throws {
        let host = try host(events: 1)
        let hub = host.hub
        store.isBlocked = true
        try host.post("first")
        let cancelled = Task { try await hub.publish(data: "cancelled", to: .everyone) }
        while waiting(host) < 1 { await Task.yield() }
        let next = Task { try await hub.publish(data: "next", to: .everyone) }
        while waiting(host) < 2 { await Task.yield() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        store.isBlocked = false
        #expect(try await next.value.id != nil)
        #expect(store.events.map(\.data) == ["first", "next"])
    }

    @Test func `an event that waited for a user who has gone is kept for when the user is back`() async throws {
        let host = try host(events: 1)
        let hub = host.hub
        let sink = try host.sink(user: "ada")
        host.run()
        store.isBlocked = true
        try host.post("first")
        let late = Task { try await hub.publish(data: "late", to: .user("ada")) }
        while waiting(host) < 1 { await Task.yield() }
        sink.leave()
        store.isBlocked = false
        #expect(try await late.value.clientCount == 0)
        host.run()
        #expect(backlog(host) == 0)
        #expect(store.events.map(\.data) == ["first", "late"])
    }

    @Test func `a store that fails gives the room back`() async throws {
        let failing = FakeStore(failing: 1)
        var limits = Limits()
        limits.maxStoreBacklogEvents = 3
        let host = try TestHub(limits: limits) { settings in
            settings.store = failing
            try settings.topic("t") { $0.slowReaders = .suspendPublisher }
        }
        let hub = host.hub
        for _ in 0..<10 {
            await #expect(throws: FakeStore.DiskFull.self) { try await hub.publish(data: "x", to: "t") }
        }
        #expect(backlog(host) == 0)
    }

    @Test func `a body that waits until it may write waits for the store, too`() async throws {
        let host = try host(events: 1)
        let hub = host.hub
        let sink = try host.sink()
        host.run()
        store.isBlocked = true
        try host.post("first")
        let client = try #require(sink.subscriber?.client)
        let isWritable = Atomic<Bool>(false)
        let writer = Task {
            try await client.whenWritable()
            isWritable.store(true, ordering: .releasing)
        }
        // The loop works meanwhile: only the store can be what it waits for.
        while waiting(host) < 1, !isWritable.load(ordering: .acquiring) {
            host.loops[0].run()
            await Task.yield()
        }
        hub.letPublishersOn()
        host.loops[0].run()
        #expect(waiting(host) == 1)
        let wasWritable = isWritable.load(ordering: .acquiring)
        #expect(!wasWritable)
        store.isBlocked = false
        while !isWritable.load(ordering: .acquiring) {
            host.run()
            await Task.yield()
        }
        try await writer.value
    }
}
