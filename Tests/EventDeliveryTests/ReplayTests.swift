import EventModel
import MartletEventStream
import Testing

@testable import MartletCore
import MartletTesting

/// What a client that comes back is told, and what it gets.
@Suite struct ReplayTests {
    private func verdict(_ sink: FakeSink) throws -> Verdict {
        let first = try #require(sink.events.first)
        #expect(first.event == "martlet.resume")
        return try first.json(Verdict.self)
    }

    @Test(arguments: [
        "other-1", "garbage", "-", "1", "-1", "e-18446744073709551616", "日本-1", String(repeating: "x", count: 500),
    ])
    func `an id that is not of this hub is answered with reset`(id: String) throws {
        let host = try TestHub()
        try host.hub.post(data: "old", to: .everyone)
        let sink = try host.sink(resume: id)
        host.run()
        try host.hub.post(data: "new", to: .everyone)
        host.run()
        #expect(try verdict(sink).verdict == "reset")
        #expect(sink.texts() == ["new"])
    }

    @Test func `an id of the future is answered with reset`() throws {
        let host = try TestHub()
        let sink = try host.sink(resume: "\(host.hub.epoch)-99")
        host.run()
        #expect(try verdict(sink).verdict == "reset")
    }

    @Test func `what was missed comes before what is live`() throws {
        let host = try TestHub()
        let ids = try (0..<200).map { try host.hub.post(data: "\($0)", to: .everyone).id }
        let sink = try host.sink(resume: ids[49], room: 3)
        host.run()
        try host.hub.post(data: "200", to: .everyone)
        host.run()
        #expect(sink.texts().count < 150)
        sink.read()
        #expect(try verdict(sink).verdict == "resumed")
        #expect(sink.texts() == (50...200).map(String.init))
    }

    @Test func `what is sent to a user who is away for a moment is there when the user is back`() throws {
        let host = try TestHub()
        let first = try host.sink(user: "ada")
        try host.post("1", to: .user("ada"))
        host.run()
        first.leave()
        #expect(try host.post("2", to: .user("ada")).clientCount == 0)
        try host.post("not for ada", to: .user("bob"))
        let (again, new) = (try host.sink(user: "ada", resume: first.lastEventID), try host.sink(user: "ada"))
        host.run()
        #expect(try verdict(again).verdict == "resumed")
        #expect(again.texts() == ["2"])
        #expect(new.texts() == [])
    }

    /// Whoever the events are for, a page holds the lock no longer: it looks at so many and goes on.
    @Test(arguments: [["b/*"], ["b/1", "b/2"], (0..<12).map { "b/\($0)" }, ["*", "**"]])
    func `a history that is mostly other people's is read in order and whole`(topics: [String]) throws {
        let host = try TestHub { $0.history.maxEventsPerTopic = 10_000 }
        var random = SeededGenerator(seed: 1)
        let id = try host.post("0", to: .topic("a")).id
        let patterns = try topics.map { try TopicPattern($0) }
        var wanted: [String] = []
        for index in 1...6000 {
            let topic = index.isMultiple(of: 50) ? "b/\(Int.random(in: 0..<12, using: &random))" : "c/\(index % 7)"
            try host.post("\(index)", to: .topic(Topic(topic)))
            if patterns.contains(where: { $0.matches(topic) }) { wanted.append("\(index)") }
        }
        let (all, last) = (try host.sink(topics, resume: id), try host.sink(topics, replay: .last(7)))
        host.run()
        #expect(try verdict(all).verdict == "resumed")
        #expect(all.texts() == wanted)
        #expect(last.texts() == Array(wanted.suffix(7)))
    }

    @Test func `a long history gives the loop's other streams their turn`() throws {
        let host = try TestHub { $0.history.maxEventsPerTopic = 10_000 }
        let id = try host.post("first").id
        for index in 0..<4000 { try host.post("\(index)") }
        let reader = try host.sink(resume: id)
        host.loops[0].turn()
        #expect(reader.texts().count > 0 && reader.texts().count < 4000)
        // What comes meanwhile is not lost, and comes behind.
        try host.post("4000")
        host.run()
        #expect(reader.texts() == (0...4000).map(String.init))
    }

    @Test func `the history's bytes are those that it takes in memory, about`() throws {
        let host = try TestHub { $0.history.maxBytes = 100_000 }
        // Topics of one event, of a few and of very many.
        for index in 0..<1000 {
            try host.post("x", to: .topic("t/\(index)"))
            try host.post("x", to: .topic("some/\(index % 50)"))
            try host.post("x", to: .topic("busy"))
            let history = host.hub.state.withLock { $0.history }
            #expect(history.byteCount <= 100_000)
            guard index >= 100 else { continue }
            #expect(history.eventCount > 100 && history.eventCount < 250)
        }
    }

    /// An unkept topic must not take the kept ones with it.
    @Test func `kept events are replayed though events of another topic are gone`() throws {
        let host = try TestHub { try $0.topic("cursor") { $0.keepsHistory = false } }
        let id = try host.hub.post(data: "0", to: "chat").id
        try host.hub.post(data: "1", to: "chat")
        try host.hub.post(data: "gone", to: "cursor")
        try host.hub.post(data: "2", to: "chat")
        try host.hub.post(data: "gone", to: "cursor")
        let sink = try host.sink(["chat", "cursor"], resume: id)
        host.run()
        #expect(try verdict(sink).verdict == "partial")
        #expect(sink.texts() == ["1", "2"])
        // The hole was told of: the next time it is not told again.
        let again = try host.sink(["chat", "cursor"], resume: sink.lastEventID)
        host.run()
        #expect(try verdict(again).verdict == "resumed")
    }

    @Test func `an unkept event during a replay is no hole`() throws {
        let host = try TestHub { try $0.topic("cursor") { $0.keepsHistory = false } }
        let id = try host.hub.post(data: "0", to: "chat").id
        try host.hub.post(data: "1", to: "chat")
        let sink = try host.sink(["chat", "cursor"], resume: id, room: 0)
        host.run()
        try host.hub.post(data: "2", to: "cursor")
        host.run()
        sink.read()
        #expect(sink.names == ["martlet.resume", "message", "message"])
        #expect(sink.texts() == ["1", "2"])
        #expect(try verdict(sink).verdict == "resumed")
    }

    @Test func `an unkept event between join and begin is no hole`() throws {
        let host = try TestHub { try $0.topic("cursor") { $0.keepsHistory = false } }
        let id = try host.hub.post(data: "0", to: "chat").id
        let sink = try host.sink(["chat", "cursor"], resume: id)
        try host.hub.post(data: "1", to: "cursor")
        host.run()
        #expect(try verdict(sink).verdict == "resumed")
        #expect(sink.texts() == ["1"])
    }

    @Test func `what is evicted while a client is on its way is announced once`() throws {
        let host = try TestHub { $0.history.maxEventsPerTopic = 100 }
        let id = try host.hub.post(data: "0", to: .everyone).id
        for index in 1...90 { try host.hub.post(data: "\(index)", to: .everyone) }
        let sink = try host.sink(resume: id, room: 1)
        host.run()
        for index in 91...250 { try host.hub.post(data: "\(index)", to: .everyone) }
        host.run()
        sink.read()
        #expect(sink.names.filter { $0 == "martlet.gap" }.count == 1)
        #expect(try verdict(sink).verdict == "resumed")
        #expect(sink.texts().last == "250")
    }

    @Test func `what is forgotten before the client's loop has come to it is no hole in what it reads`() throws {
        let host = try TestHub { $0.history.maxEventsPerTopic = 1 }
        let id = try host.hub.post(data: "0", to: "a").id
        try host.hub.post(data: "1", to: "b")
        let sink = try host.sink(["a", "b"], resume: id, room: 0)
        host.run()
        // The history lets the first of these go at once; the loop has both on their way.
        for data in ["2", "3"] { try host.hub.post(data: data, to: "a") }
        sink.read()
        host.run()
        #expect(sink.names == ["martlet.resume", "message", "message", "message"])
        #expect(sink.texts() == ["1", "2", "3"])
    }

    @Test func `a new client's replay has no hole to announce`() throws {
        let host = try TestHub { $0.history.maxEventsPerTopic = 2 }
        try host.hub.post(data: "everyone", to: .everyone)
        for index in 1...9 { try host.hub.post(data: "\(index)", to: "a") }
        for (replay, texts) in [
            (Replay.all, ["everyone", "8", "9"]), (.last(2), ["8", "9"]), (.last(99), ["everyone", "8", "9"]),
            (.last(0), []), (.last(-1), []), (.none, []),
        ] {
            let sink = try host.sink(["a"], replay: replay)
            host.run()
            #expect(sink.texts() == texts, "\(replay)")
            #expect(!sink.names.contains("martlet.gap"), "\(replay)")
        }
    }

    @Test func `events older than the age are forgotten and told of`() throws {
        let host = try TestHub { $0.history.maxAge = .seconds(10) }
        let id = try host.hub.post(data: "0", to: .everyone).id
        try host.hub.post(data: "1", to: .everyone)
        host.advance(by: .seconds(11))
        let sink = try host.sink(resume: id)
        host.run()
        #expect(try verdict(sink).verdict == "partial")
        #expect(sink.texts() == [])
        let again = try host.sink(resume: sink.lastEventID)
        host.run()
        #expect(try verdict(again).verdict == "resumed")
    }

    @Test func `a close comes behind what was sent, also to a client that is still catching up`() throws {
        let host = try TestHub()
        let id = try host.hub.post(data: "0", to: .everyone).id
        try host.hub.post(data: "1", to: .everyone)
        let sink = try host.sink(resume: id, room: 0)
        host.run()
        try host.hub.send(ServerSentEvent(event: "direct", data: "bye"), to: sink.id)
        host.hub.closeClient(sink.id)
        host.run()
        #expect(sink.hasEnded)
        #expect(sink.names == ["martlet.resume", "message", "direct"])
    }

    @Test func `after a restart acknowledged events are replayed`() async throws {
        let store = FakeStore()
        let first = try TestHub { $0.store = store }
        let publisher = Task {
            var id: String?
            for index in 0..<3 {
                let receipt = try await first.hub.publish(data: "\(index)", to: .everyone)
                if id == nil { id = receipt.id }
            }
            return id
        }
        let id = try #require(try await publisher.value)
        let second = try TestHub { $0.store = store }
        let sink = try second.sink(resume: id)
        second.run()
        #expect(try verdict(sink).verdict == "resumed")
        #expect(sink.texts() == ["1", "2"])
    }

    @Test func `numbers that were not stored are not given again by the next process`() throws {
        let store = FakeStore()
        func configure(_ settings: inout EventSettings) throws {
            settings.store = store
            try settings.topic("u") { $0.keepsHistory = false }
        }
        let first = try TestHub(configure)
        let seen = try first.sink(["u"])
        for _ in 0..<3 { try first.hub.post(data: "lost", to: "u") }
        first.run()
        let second = try TestHub(configure)
        for index in 0..<9 { try second.hub.post(data: "\(index)", to: "u") }
        second.run()
        let sink = try second.sink(["u"], resume: seen.lastEventID)
        second.run()
        #expect(try verdict(sink).verdict != "resumed")
    }

    @Test func `a store that fails tells the publisher and nobody else`() async throws {
        let store = FakeStore(failing: 1)
        let host = try TestHub { $0.store = store }
        let sink = try host.sink()
        host.run()
        await #expect(throws: FakeStore.DiskFull.self) { try await host.hub.publish(data: "phantom", to: .everyone) }
        host.run()
        #expect(sink.texts() == [])
        #expect(sink.isOpen)
    }
}
