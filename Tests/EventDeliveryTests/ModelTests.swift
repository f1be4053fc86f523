import Foundation
import MartletEventStream
import MartletTesting
import Testing

@testable import MartletCore

/// Random schedules of everything that can happen to clients, against a model that is too simple to be wrong.
@Suite struct ModelTests {
    /// `MARTLET_SCHEDULES` runs more, `MARTLET_SEED` one again.
    private static let environment = ProcessInfo.processInfo.environment
    private static let schedules = environment["MARTLET_SCHEDULES"].flatMap { Int($0) } ?? 800
    private static let seed = environment["MARTLET_SEED"].flatMap { UInt64($0) }

    enum Kind: CaseIterable { case memory, durable }

    @Test(arguments: Kind.allCases)
    func `each client gets what was published for it, in order and once, or is told of the hole`(
        kind: Kind
    ) throws {
        if let seed = Self.seed {
            var schedule = try Schedule(seed: seed, kind)
            #expect(try schedule.run() == nil, "MARTLET_SEED=\(seed) \(kind)")
            return
        }
        let base = UInt64.random(in: 0..<1 << 40)
        let count = kind == .memory ? Self.schedules : Self.schedules / 4
        var turnedAway = 0
        for seed in base..<base + UInt64(count) {
            var schedule = try Schedule(seed: seed, kind)
            if let fault = try schedule.run() {
                Issue.record("\(fault)\nMARTLET_SEED=\(seed) (\(kind)) shows it again")
                return
            }
            turnedAway += schedule.turnedAway
        }
        #expect(count < 100 || (turnedAway > 0) == (kind == .durable), "the bound before the store was never reached")
    }
}

/// One random schedule, which is the same for the same seed.
private struct Schedule {
    private struct Client {
        let topics: [String]
        let user: String?
        let loop: Int
        /// What it has of ids; nil for none yet.
        var lastEventID: String?
        /// Its stream in `streams`; nil while it is away.
        var stream: Int?
    }
    private static let topics = ["a", "b/1", "b/2", "c", "s", "u/1", "v", "w", "z"]
    private static let patterns = ["b/*", "b/**", "u/*", "*"]
    private static let users = ["x", "y"]

    private var random: SeededGenerator
    private let kind: ModelTests.Kind
    private let store: FakeStore?
    private let clock = ManualClock()
    private let history: HistoryLimits
    private let limits: Limits
    private var host: TestHub
    private var process = 0
    private var model = DeliveryModel()
    private var streams: [DeliveryModel.Stream] = []
    private var clients: [Client] = []
    private var firstSequences: [UInt64] = []
    private var epochs: [String] = []
    private var direct = 0
    private(set) var turnedAway = 0

    init(seed: UInt64, _ kind: ModelTests.Kind) throws {
        var random = SeededGenerator(seed: seed)
        self.kind = kind
        store = kind == .durable ? FakeStore(seed: seed, failing: 0.1, slow: 0.3) : nil
        var history = HistoryLimits()
        history.maxEventsPerTopic = [0, 1, 3, 10, 1000].randomElement(using: &random) ?? 10
        history.maxBytes = [300, 2000, 1 << 20].randomElement(using: &random) ?? 2000
        history.maxAge = .seconds([3, 20, 1000].randomElement(using: &random) ?? 20)
        self.history = history
        var limits = Limits()
        limits.maxStreamBacklogBytes = [80, 300, 1500, 1 << 20].randomElement(using: &random) ?? 300
        limits.maxStoreBacklogEvents = [2, 10, 10_000].randomElement(using: &random) ?? 10
        self.limits = limits
        host = try Self.hub(history, limits, store, clock)
        firstSequences = [host.hub.firstSequence]
        epochs = [host.hub.epoch]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            var topics: [String] = []
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let isPattern = Int.random(in: 0..<4, using: &random) == 0
                topics.append((isPattern ? Self.patterns : Self.topics).randomElement(using: &random) ?? "a")
            }
            clients.append(
                Client(
                    topics: topics, user: Bool.random(using: &random) ? Self.users.randomElement(using: &random) : nil,
                    loop: Int.random(in: 0..<2, using: &random)))
        }
        self.random = random
    }

    private static func hub(
        _ history: HistoryLimits, _ limits: Limits, _ store: FakeStore?, _ clock: ManualClock
    ) throws -> TestHub {
        try TestHub(loops: 2, clock: clock, limits: limits) { settings in
            settings.history = history
            settings.store = store
            try settings.topic("b/*") { $0.slowReaders = .dropOldest }
            try settings.topic("c") { $0.slowReaders = .latestOnly(key: { String(($0.data ?? "").suffix(1)) }) }
            try settings.topic("s") { $0.slowReaders = .suspendPublisher }
            try settings.topic("u/*") { $0.keepsHistory = false }
            try settings.topic("v") {
                $0.keepsHistory = false
                $0.slowReaders = .dropOldest
            }
            try settings.topic("w") {
                $0.keepsHistory = false
                $0.slowReaders = .latestOnly(key: { String(($0.data ?? "").suffix(1)) })
            }
            try settings.topic("z") {
                $0.keepsHistory = false
                $0.slowReaders = .suspendPublisher
            }
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    /// - Returns: what went wrong; nil for nothing.
    mutating func run() throws -> String? {
        for _ in 0..<20 + pick(60) { try step() }
        // In the end everyone who is there reads.
        host.run()
        for index in clients.indices { if let stream = clients[index].stream { streams[stream].sink.read() } }
        host.run()
        let end = host.hub.state.withLock { $0.deliveredSequence }
        for index in clients.indices {
            guard let stream = clients[index].stream, streams[stream].sink.isOpen else { continue }
            streams[stream].owesAllThrough = end
            streams[stream].owedSends = streams[stream].sends.count
        }
        noteRefused()
        for stream in streams {
            let fault = try model.fault(
                of: stream, epoch: epochs[stream.run], firstSequence: firstSequences[stream.run])
            if let fault {
                return """
                    \(fault)
                    topics \(stream.topics) user \(stream.user ?? "-") resume \(stream.resume ?? "-") \
                    replay \(stream.replay) joined at \(stream.joinedAt) history \(history)
                    \(stream.sink.events.map { "\($0.event) \($0.data) id \($0.lastEventID)" }.joined(separator: "\n"))
                    published: \(model.published.enumerated().map { "\($0):\($1.sequence) \(DeliveryModel.audiences[$1.audience])" }
                        .joined(separator: ", "))
                    """
            }
        }
        return nil
    }

    private mutating func step() throws {
        switch pick(24) {
        case 0..<9: try publish()
        case 9..<13: try joinOrLeave()
        case 13, 14: if let stream = aStream() { streams[stream].sink.room = pick(4) }
        case 15, 16:
            if let stream = aStream() { streams[stream].sink.read(Bool.random(using: &random) ? nil : pick(8)) }
        case 17, 18: try send()
        case 19: host.loops[pick(2)].run()
        case 20: host.run()
        case 21:
            host.advance(by: .seconds(pick(6)))
        case 22: if pick(3) == 0 { close() }
        default: if pick(4) == 0 { try restart() }
        }
    }

    private mutating func aStream() -> Int? { clients[pick(clients.count)].stream }

    private mutating func publish() throws {
        for _ in 0...pick(5) {
            let index = pick(3) == 0 ? 0 : 1 + pick(DeliveryModel.audiences.count - 1)
            let audience = DeliveryModel.audiences[index]
            let isForeign = pick(12) == 0
            let before = host.hub.state.withLock { $0.lastSequence }
            let receipt: Receipt
            do {
                receipt = try host.hub.publish(
                    ServerSentEvent(data: "\(model.published.count)", id: isForeign ? "app" : nil), to: audience)
            } catch is StoreBacklogError {
                // Nobody may get it: its text is given to the next event, of another number.
                turnedAway += 1
                guard host.hub.state.withLock({ $0.lastSequence }) == before else { throw CancellationError() }
                continue
            }
            let sequence = host.hub.state.withLock { $0.lastSequence }
            guard sequence != before else {
                guard receipt.clientCount == 0 else { throw CancellationError() }
                continue
            }
            let settings = host.hub.settings.settings(of: audience)
            let isKept = !isForeign && history.maxEventsPerTopic > 0 && settings.keepsHistory
            model.published.append(
                DeliveryModel.Published(
                    sequence: sequence, audience: index, isForeign: isForeign, run: process, isKept: isKept))
        }
    }

    private mutating func send() throws {
        guard let stream = aStream() else { return }
        direct += 1
        do {
            let event = ServerSentEvent(event: "direct", data: "\(direct)")
            if try host.hub.send(to: streams[stream].sink.id, event) { streams[stream].sends.append("\(direct)") }
        } catch is StoreBacklogError {
            turnedAway += 1
        }
    }

    private mutating func close() {
        guard let stream = aStream(), streams[stream].sink.isOpen else { return }
        host.run()
        guard streams[stream].sink.isOpen, host.hub.closeClient(streams[stream].sink.id) else { return }
        let end = host.hub.state.withLock { $0.deliveredSequence }
        host.run()
        guard streams[stream].sink.hasEnded else { return }
        streams[stream].owesAllThrough = end
        streams[stream].owedSends = streams[stream].sends.count
    }

    private mutating func joinOrLeave() throws {
        let index = pick(clients.count)
        if let stream = clients[index].stream {
            guard !streams[stream].sink.isOpen || pick(2) == 0 else { return }
            if streams[stream].sink.isOpen { streams[stream].sink.leave() }
            let id = streams[stream].sink.lastEventID
            if !id.isEmpty { clients[index].lastEventID = id }
            clients[index].stream = nil
            return
        }
        let client = clients[index]
        var resume = client.lastEventID
        switch pick(16) {
        case 0: resume = "other-5"
        case 1: resume = "\(host.hub.epoch)-\(UInt64.max)"
        case 2: resume = ["", "-", "-1", "garbage", "\(host.hub.epoch)-01", "\(host.hub.epoch)--1", "日本-1"][pick(7)]
        case 3: resume = nil
        default: break
        }
        if resume?.isEmpty == true { resume = nil }
        let replay: Replay = [.none, .none, .all, .last(3)][pick(4)]
        let room: Int? = pick(3) == 0 ? pick(6) : nil
        let sink = try host.sink(
            client.topics, user: client.user, resume: resume, replay: replay, loop: client.loop, room: room)
        clients[index].stream = streams.count
        streams.append(
            DeliveryModel.Stream(
                sink: sink, topics: try client.topics.map { try TopicPattern($0) }, user: client.user, run: process,
                resume: resume, replay: replay, joinedAt: sink.subscriber?.joinedAt ?? 0))
    }

    /// As after `kill -9`: what the loops had not done is never done.
    private mutating func restart() throws {
        guard store != nil else { return }
        while host.hub.isStoring { sched_yield() }
        noteRefused()
        for index in clients.indices {
            guard let stream = clients[index].stream else { continue }
            let id = streams[stream].sink.lastEventID
            if !id.isEmpty { clients[index].lastEventID = id }
            clients[index].stream = nil
        }
        process += 1
        host = try Self.hub(history, limits, store, clock)
        firstSequences.append(host.hub.firstSequence)
        epochs.append(host.hub.epoch)
    }

    /// What the store did not take, nobody may see.
    private mutating func noteRefused() {
        guard let store else { return }
        let stored = Set(store.events.map(\.sequence))
        for event in model.published where event.isKept && !stored.contains(event.sequence) {
            model.refused.insert(event.sequence)
        }
    }
}
