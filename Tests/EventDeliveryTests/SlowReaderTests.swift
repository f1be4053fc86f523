import EventModel
import MartletEventStream
import MartletTesting
import Testing

@testable import MartletCore

@Suite struct SlowReaderTests {
    /// An event of this text is 32 bytes and its id.
    private let text = String(repeating: "x", count: 23)

    private func host(_ policy: SlowReaderPolicy, budget: Int = 200) throws -> TestHub {
        var limits = Limits()
        limits.maxStreamBacklogBytes = budget
        return try TestHub(limits: limits) { try $0.topic("t") { $0.slowReaders = policy } }
    }

    private func figures(_ host: TestHub) -> EventStatistics.Loop { host.hub.shards[0].figures }

    @Test func `disconnect ends the stalled stream alone`() throws {
        let host = try host(.disconnect)
        let slow = try host.sink(["t"])
        let fast = try host.sink(["t"])
        host.run()
        slow.room = 0
        for index in 0..<9 {
            try host.hub.post(data: "\(index)" + text, to: "t")
            host.run()
        }
        #expect(slow.wasAborted)
        #expect(!host.hub.isConnected(slow.id))
        #expect(fast.texts().count == 9)
        #expect(figures(host).disconnected == 1)
        #expect(figures(host).queuedBytes == 0)
    }

    @Test func `dropOldest keeps the newest and announces the rest`() throws {
        let host = try host(.dropOldest)
        let slow = try host.sink(["t"])
        host.run()
        slow.room = 0
        for index in 0..<9 {
            try host.hub.post(data: "\(index)" + text, to: "t")
            host.run()
        }
        let kept = figures(host).queuedBytes
        #expect(kept > 100 && kept <= 200)
        slow.read()
        host.run()
        let gap = try #require(slow.events.first)
        #expect(gap.event == "martlet.gap")
        let count = try #require(try gap.json(Gap.self).count)
        #expect(count == figures(host).dropped)
        #expect(slow.texts() == (count..<9).map { "\($0)" + text })
        #expect(slow.isOpen)
    }

    @Test func `latestOnly keeps the newest of each key`() throws {
        let host = try host(.latestOnly(key: { $0.event ?? "" }))
        let slow = try host.sink(["t"])
        host.run()
        slow.room = 0
        for index in 0..<6 {
            try host.hub.post(event: index.isMultiple(of: 2) ? "even" : "odd", data: "\(index)", to: "t")
            host.run()
        }
        slow.read()
        #expect(slow.events.dropFirst().map { "\($0.event) \($0.data)" } == ["even 4", "odd 5"])
        #expect(try slow.events[0].json(Gap.self).count == 4)
        #expect(figures(host).dropped == 4)
    }

    @Test func `suspendPublisher holds an awaiting publisher until the client has read or is gone`() async throws {
        for leaves in [false, true] {
            let host = try host(.suspendPublisher)
            let slow = try host.sink(["t"])
            host.run()
            slow.room = 0
            for index in 0..<4 { try host.post("\(index)" + text, to: .topic("t")) }
            host.run()
            #expect(figures(host).suspended == 1)
            let hub = host.hub
            let publisher = Task { try await hub.publish(data: "late", to: "t") }
            // It waits, or it has gone through: whichever comes, the loop has done its work by then.
            while hub.state.withLock({ $0.gate.waitingCount == 0 && $0.published == 4 }) { await Task.yield() }
            hub.letPublishersOn()
            host.run()
            #expect(hub.state.withLock { $0.gate.waitingCount } == 1)
            #expect(hub.state.withLock { $0.published } == 4)
            #expect(slow.texts().isEmpty)
            if leaves { slow.leave() } else { slow.read() }
            let receipt = try await publisher.value
            #expect(receipt.clientCount == (leaves ? 0 : 1))
            host.run()
            if !leaves { #expect(slow.texts().last == "late") }
        }
    }

    private enum Start: CaseIterable { case held, free }

    @Test(arguments: Start.allCases)
    private func `no more publishers are let on than the client has room for`(
        start: Start
    ) async throws {
        let host = try host(.suspendPublisher)
        let hub = host.hub
        let slow = try host.sink(["t"])
        host.run()
        slow.room = 0
        let before = start == .held ? 4 : 0
        for index in 0..<before { try host.post("\(index)" + text, to: .topic("t")) }
        host.run()
        let publishers = (0..<20).map { index in
            Task { [text] in try await hub.publish(data: "\(before + index)" + text, to: "t") }
        }
        // The loop works only when it is told to: who publishes meanwhile could take more room than there is.
        while slow.isOpen, slow.texts().count < before + 20 {
            // Each publisher has gone through or waits: none is left that could still take room before the loop works.
            while hub.state.withLock({ $0.published + $0.gate.waitingCount < before + 20 }) { await Task.yield() }
            host.run()
            slow.read()
            slow.room = 0
        }
        #expect(slow.isOpen)
        #expect(Set(slow.texts()) == Set((0..<before + 20).map { "\($0)" + text }))
        for publisher in publishers { publisher.cancel() }
    }

    /// What is not kept cannot come from the history: it waits as for a client that is live.
    @Test(arguments: ["dropOldest", "latestOnly", "suspendPublisher", "disconnect"])
    func `the policy of an unkept topic holds also while a client reads the history`(policy: String) throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 200
        let host = try TestHub(limits: limits) { settings in
            try settings.topic("t") { topic in
                topic.keepsHistory = false
                switch policy {
                case "dropOldest": topic.slowReaders = .dropOldest
                case "latestOnly": topic.slowReaders = .latestOnly(key: { $0.event ?? "" })
                case "suspendPublisher": topic.slowReaders = .suspendPublisher
                default: break
                }
            }
        }
        let id = try host.hub.post(data: "first", to: .everyone).id
        try host.hub.post(data: "kept", to: .everyone)
        let slow = try host.sink(["t"], resume: id, room: 0)
        host.run()
        for index in 0..<(policy == "suspendPublisher" ? 4 : 9) {
            try host.hub.post(data: "\(index)" + text, to: "t")
            host.run()
        }
        guard policy != "disconnect" else { return #expect(slow.wasAborted) }
        #expect(slow.isOpen)
        if policy == "suspendPublisher" { #expect(figures(host).suspended == 1) }
        let dropped = figures(host).dropped
        slow.read()
        host.run()
        let texts = slow.texts()
        #expect(texts.first == "kept")
        #expect(texts.last?.first == (policy == "suspendPublisher" ? "3" : "8"))
        if policy != "suspendPublisher" {
            let gap = try #require(slow.events.first { $0.event == "martlet.gap" })
            #expect(try gap.json(Gap.self).count == dropped)
            #expect(dropped == 9 - (texts.count - 1))
        }
        #expect(!host.hub.state.withLock { $0.gate.isHeld("t") })
    }

    /// Whatever they publish, it would wait for the same client.
    @Test func `a slow reader holds up all who publish to its topics, and nobody else`() throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 200
        let host = try TestHub(limits: limits) { settings in
            try settings.topic("t/*") { $0.slowReaders = .suspendPublisher }
        }
        let slow = try host.sink(["t/*", "t/1", "other"])
        host.run()
        slow.room = 0
        for index in 0..<4 { try host.post("\(index)" + text, to: .topic("t/1")) }
        host.run()
        func isHeld(_ topic: String) -> Bool { host.hub.state.withLock { $0.gate.isHeld(topic) } }
        #expect(["t/1", "t/2", "other"].allSatisfy(isHeld))
        #expect(!["t", "t/1/2", "elsewhere"].contains(where: isHeld))
        slow.read()
        host.run()
        #expect(!["t/1", "t/2", "other"].contains(where: isHeld))
    }

    @Test func `a reader that holds publishers up for too long is disconnected`() throws {
        let host = try host(.suspendPublisher)
        host.hub.start()
        let slow = try host.sink(["t"])
        host.run()
        slow.room = 0
        for index in 0..<4 { try host.post("\(index)" + text, to: .topic("t")) }
        func pass(_ seconds: Int) {
            for _ in 0..<seconds {
                host.run()
                host.advance(by: .seconds(1))
            }
            host.run()
        }
        pass(29)
        #expect(slow.isOpen)
        pass(2)
        #expect(slow.wasAborted)
        #expect(figures(host).disconnected == 1)
        #expect(!host.hub.state.withLock { $0.gate.isHeld("t") })
        host.hub.stop()
        host.run()
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(-1), .zero])
    func `no setting of times ends the process`(time: Duration) throws {
        var limits = Limits()
        (limits.heartbeat, limits.maxPublisherSuspension) = (time, time)
        let host = try TestHub(limits: limits)
        let sink = try host.sink()
        host.hub.start()
        host.run()
        host.advance(by: .milliseconds(50))
        host.run()
        #expect(sink.isOpen)
        host.hub.stop()
        host.run()
    }

    /// What came for the first time may take more room than what it takes the place of.
    @Test func `a queue that grows by what takes the place of other events holds publishers up, too`() throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 200
        let host = try TestHub(limits: limits) { settings in
            try settings.topic("l") { $0.slowReaders = .latestOnly(key: { _ in "" }) }
            try settings.topic("t") { $0.slowReaders = .suspendPublisher }
        }
        let slow = try host.sink(["l", "t"])
        host.run()
        slow.room = 0
        try host.post("1", to: .topic("l"))
        host.run()
        #expect(!host.hub.state.withLock { $0.gate.isHeld("t") })
        try host.post(String(repeating: "x", count: 120), to: .topic("l"))
        host.run()
        #expect(host.hub.state.withLock { $0.gate.isHeld("t") })
    }

    /// One that has more in its history than a client may have waiting.
    private func hostOfLongHistory(_ count: Int) throws -> (host: TestHub, first: String?) {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 10_000
        let host = try TestHub(limits: limits) { $0.history.maxEventsPerTopic = 10_000 }
        let id = try host.post("first").id
        for index in 0..<count { try host.post("\(index)") }
        return (host, id)
    }

    /// It goes through what the client may have waiting, and not through all that there is.
    @Test func `ending a stream does not wait for a slow reader of a long history`() throws {
        let (host, id) = try hostOfLongHistory(5000)
        let slow = try host.sink(resume: id, room: 0)
        host.run()
        host.hub.closeClient(slow.id)
        host.run()
        #expect(slow.hasEnded)
        #expect(slow.texts().count > 100 && slow.texts().count < 1000)
        let again = try host.sink(resume: slow.lastEventID)
        host.run()
        #expect(slow.texts() + again.texts() == (0..<5000).map(String.init))
    }

    /// Neither is there when it comes back.
    @Test(arguments: [true, false])
    func `ending a stream that is still catching up keeps what the history has not`(isLast: Bool) throws {
        let (host, id) = try hostOfLongHistory(3000)
        let slow = try host.sink(resume: id, room: 0)
        if !isLast { try host.hub.send(ServerSentEvent(event: "direct", data: "result"), to: slow.id) }
        host.hub.closeClient(slow.id, reconnect: !isLast)
        host.run()
        #expect(slow.hasEnded)
        #expect(slow.texts() == (0..<3000).map(String.init))
        #expect(slow.names.last == (isLast ? "martlet.close" : "direct"))
    }

    @Test func `a publisher that waits can be cancelled, and a shutdown lets it go`() async throws {
        for cancels in [true, false] {
            let host = try host(.suspendPublisher)
            let slow = try host.sink(["t"])
            host.run()
            slow.room = 0
            for index in 0..<4 { try host.post("\(index)" + text, to: .topic("t")) }
            host.run()
            let hub = host.hub
            let publisher = Task { try await hub.publish(data: "late", to: "t") }
            while hub.state.withLock({ $0.gate.waitingCount == 0 }) { await Task.yield() }
            if cancels { publisher.cancel() } else { hub.stop() }
            await #expect(throws: CancellationError.self) { try await publisher.value }
        }
    }

    @Test func `one write of one buffer for each client and burst`() throws {
        let host = try TestHub()
        let sinks = try (0..<3).map { _ in try host.sink() }
        host.run()
        for index in 0..<50 { try host.hub.post(data: "\(index)", to: .everyone) }
        host.run()
        for sink in sinks {
            #expect(sink.writeCount == 1)
            #expect(sink.flushCount == 1)
            #expect(sink.texts().count == 50)
        }
    }

    @Test func `a burst is bounded by its bytes`() throws {
        let host = try TestHub()
        let sink = try host.sink()
        host.run()
        for _ in 0..<8 { try host.hub.post(data: String(repeating: "x", count: 200_000), to: .everyone) }
        host.run()
        #expect(sink.texts().count == 8)
        #expect(sink.writeCount > 4)
    }
}
