import EventModel
import Foundation
import MartletEventStream
import MartletTesting
import NIOCore
import Synchronization
import Testing

@testable import MartletCore

@Suite struct PresenceTests {
    final class Record: Sendable {
        private let entries = Mutex<[String]>([])
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
        var all: [String] { entries.withLock { $0 } }
    }

    private func host(_ record: Record) throws -> TestHub {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 100
        return try TestHub(limits: limits) {
            $0.onJoin { record.add("join \($0.id)") }
            $0.onLeave { record.add("leave \($0.id)") }
        }
    }

    enum Ending: CaseIterable { case client, closed, closedAll, slow, expired, twice, atFirstFlush, stayAway }

    @Test(arguments: Ending.allCases)
    func `join and leave hooks and onClose run exactly once, in this order, however the stream ends`(
        ending: Ending
    ) throws {
        let record = Record()
        let host = try host(record)
        try host.hub.post(data: "before", to: .everyone)
        let sink = try host.sink(
            replay: .all, expiresAfter: .seconds(1), onClose: { record.add("close \($0.id)") })
        if ending == .atFirstFlush { sink.breaksAtFlush = true }
        host.run()
        switch ending {
        case .client, .atFirstFlush: sink.leave()
        case .closed: host.hub.closeClient(sink.id)
        case .stayAway: host.hub.closeClient(sink.id, reconnect: false)
        case .closedAll: host.hub.closeAll()
        case .slow:
            sink.room = 0
            try host.hub.post(data: String(repeating: "x", count: 101), to: .everyone)
        case .expired: sink.subscriber?.expire()
        case .twice:
            host.hub.closeClient(sink.id)
            sink.leave()
        }
        host.run()
        sink.leave()
        host.run()
        #expect(record.all == ["join \(sink.id)", "close \(sink.id)", "leave \(sink.id)"])
        #expect(host.hub.clientCount == 0)
        #expect(host.hub.admission.byAddress.isEmpty)
    }

    @Test func `a stream that is gone before it began runs onClose alone`() throws {
        let record = Record()
        let host = try host(record)
        let sink = try host.sink(onClose: { record.add("close \($0.id)") })
        sink.leave()
        host.run()
        #expect(record.all == ["close \(sink.id)"])
    }

    @Test func `who is there, by topic and by user`() throws {
        let host = try TestHub(loops: 2)
        let sinks = try [
            host.sink(["room/1"], user: "bob"), host.sink(["room/*"], user: "alice", loop: 1),
            host.sink(["room/1", "room/**"], user: "alice"), host.sink(["other"], user: "eve"), host.sink(["room/1"]),
        ]
        let ids = sinks.map(\.id)
        #expect(host.hub.clients(on: "room/1").map(\.id) == [ids[0], ids[1], ids[2], ids[4]])
        #expect(host.hub.clients(on: "room/2").map(\.id) == [ids[1], ids[2]])
        #expect(host.hub.users(on: "room/1") == ["alice", "bob"])
        #expect(host.hub.clients(of: "alice").map(\.id) == [ids[1], ids[2]])
        #expect(host.hub.users == ["alice", "bob", "eve"])
        #expect(host.hub.isConnected(user: "eve"))
        sinks[3].leave()
        #expect(!host.hub.isConnected(user: "eve"))
        #expect(host.hub.users == ["alice", "bob"])
        host.run()
        #expect(try host.hub.post(data: "x", to: "room/1").clientCount == 4)
        host.run()
        #expect(sinks.map { $0.texts().count } == [1, 1, 1, 0, 1])
        #expect(try host.hub.post(data: "y", to: .user("alice")).clientCount == 2)
        #expect(try host.hub.post(data: "y", to: .user("nobody")).clientCount == 0)
        host.run()
        #expect(sinks.map { $0.texts().count } == [1, 2, 2, 0, 1])
    }

    @Test func `what is sent to a client comes behind what was published before`() throws {
        let host = try TestHub()
        let sink = try host.sink()
        try host.hub.post(data: "1", to: .everyone)
        try host.hub.send(data: "2", to: sink.id)
        try host.hub.post(data: "3", to: .everyone)
        host.hub.closeClient(sink.id)
        #expect(try host.hub.send(data: "late", to: sink.id) == false)
        #expect(host.hub.closeClient(sink.id) == false)
        host.run()
        #expect(sink.texts() == ["1", "2", "3"])
        #expect(sink.hasEnded)
    }

    /// The store delays the close, and must not have it hit who came later.
    @Test func `closeAll spares the streams that open after it`() throws {
        let store = FakeStore()
        store.onAppend { for _ in 0..<20 { sched_yield() } }
        let host = try TestHub { $0.store = store }
        let first = try host.sink()
        host.run()
        try host.hub.post(data: "x", to: .everyone)
        #expect(host.hub.closeAll() == 1)
        let second = try host.sink()
        host.run()
        #expect(first.hasEnded)
        #expect(second.isOpen)
    }

    @Test func `the last words of an expired stream are the last`() throws {
        let host = try TestHub()
        let sink = try host.sink(expiresAfter: .seconds(1))
        host.run()
        sink.room = 0
        try host.hub.post(data: "1", to: .everyone)
        host.run()
        sink.subscriber?.expire()
        #expect(sink.names == ["martlet.expiry", "message", "martlet.expired"])
        #expect(sink.hasEnded)
    }

    @Test func `statistics count what happened`() async throws {
        let host = try TestHub()
        let one = try host.sink(["a", "b/*"], user: "x")
        _ = try host.sink(["a"], user: "x")
        host.run()
        try host.post("1", to: .topic("a"))
        try host.post("1", to: .topic("b/1"))
        host.run()
        let hub = host.hub
        let result = Task { await hub.statistics }
        let done = Mutex<EventStatistics?>(nil)
        let waiter = Task {
            let value = await result.value; done.withLock { $0 = value }
        }
        while done.withLock({ $0 == nil }) {
            host.run()
            await Task.yield()
        }
        _ = await waiter.value
        let statistics = try #require(done.withLock { $0 })
        #expect(statistics.streams == 2)
        #expect(statistics.streamsByTopic == ["a": 2, "b/*": 1])
        #expect(statistics.streamsByUser == ["x": 2])
        #expect(statistics.streamsByAddress == ["127.0.0.1": 2])
        #expect(statistics.published == 2)
        #expect(statistics.historyEvents == 2)
        #expect(statistics.loops[0].delivered == 3)
        #expect(statistics.loops[0].streams == 2)
        one.leave()
    }
}
