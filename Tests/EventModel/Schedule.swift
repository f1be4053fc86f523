import Foundation
import MartletCore
import MartletEventStream
import MartletTesting

/// One random schedule of everything that can happen to clients, publishers, the store and the server, held against a
/// model that is too simple to be wrong. It is the same for the same seed, but for the numbering of events.
// Everything happens on the thread that runs the stepped loops, the tasks of publishers included.
package final class Schedule: @unchecked Sendable {
    package enum Kind: String, CaseIterable, Sendable { case memory, durable }

    private struct Client {
        var topics: [String]
        let user: String?
        let takesBroadcasts: Bool
        let loop: Int
        /// What it has of ids; nil for none yet.
        var lastEventID: String?
        /// Its stream in `streams`; nil while it is away.
        var stream: Int?
    }

    /// An event that is about to be published.
    private struct Draft {
        let text: String
        let audience: Int
        let isForeign: Bool
        let isCompressible: Bool
        var event: ServerSentEvent {
            ServerSentEvent(data: text, id: isForeign ? "app" : nil, isCompressible: isCompressible)
        }
    }

    private struct Failure: Error { let reason: String }

    private static let topics = ["a", "b/1", "b/2", "c", "s", "u/1", "v", "w", "z"]
    private static let patterns = ["b/*", "b/**", "u/*", "*"]
    private static let suspendingTopics = ["s", "z"]
    private static let users = ["x", "y"]

    package private(set) var coverage = Coverage()
    private var random: SeededGenerator
    private let store: FakeStore?
    private let storeLoop = SteppedLoop()
    private let publisherLoop = SteppedLoop()
    private let publisherExecutor: LoopExecutor
    private let clock = ManualClock()
    private let history: HistoryLimits
    private let limits: Limits
    /// Everyone waits who publishes to a topic whose readers may hold it up, and nobody does anything else: then no reader
    /// may be disconnected.
    private let isPatient: Bool
    private var host: TestHub
    private var presence = PresenceLog()
    private var process = 0
    private var model = DeliveryModel()
    private var clients: [Client] = []
    /// Those that wait for the store, or for the slow readers of their topics; until they are done.
    private var publishers: [Int: Task<Void, Never>] = [:]
    private var drafts = 0
    private var sends = 0
    /// Nothing new happens any more while the store writes.
    private var isSettling = false

    package init(seed: UInt64, _ kind: Kind) throws {
        var random = SeededGenerator(seed: seed)
        store = kind == .durable ? FakeStore(seed: seed, failing: 0.1) : nil
        isPatient = Int.random(in: 0..<4, using: &random) == 0
        var history = HistoryLimits()
        history.maxEventsPerTopic = [0, 1, 3, 10, 1000].randomElement(using: &random) ?? 10
        history.maxBytes = [1000, 5000, 1 << 20].randomElement(using: &random) ?? 5000
        history.maxAge = .seconds([3, 20, 1000].randomElement(using: &random) ?? 20)
        self.history = history
        var limits = Limits()
        // Half of it must hold an event.
        let budgets = isPatient ? [300, 1500] : [80, 300, 1500, 1 << 20]
        limits.maxStreamBacklogBytes = budgets.randomElement(using: &random) ?? 300
        limits.maxStoreBacklogEvents = [2, 10, 10_000].randomElement(using: &random) ?? 10
        self.limits = limits
        publisherExecutor = LoopExecutor(publisherLoop)
        host = try Self.hub(history, limits, store, storeLoop, clock, presence)
        model.began(host.hub)
        self.random = random
        for _ in 0...pick(4) {
            clients.append(
                Client(
                    topics: someTopics(), user: pick(2) == 0 ? Self.users[pick(Self.users.count)] : nil,
                    takesBroadcasts: pick(4) > 0, loop: pick(2)))
        }
        store?.onAppend { [weak self] in self?.whileTheStoreWrites() }
    }

    private static func hub(
        _ history: HistoryLimits, _ limits: Limits, _ store: FakeStore?, _ storeLoop: SteppedLoop, _ clock: ManualClock,
        _ presence: PresenceLog
    ) throws -> TestHub {
        try TestHub(loops: 2, clock: clock, limits: limits, storeLoop: storeLoop) { settings in
            settings.history = history
            settings.store = store
            settings.onJoin { presence.joined($0.id) }
            settings.onLeave { presence.left($0.id) }
            try settings.topic("b/*") { $0.slowReaders = .dropOldest }
            try settings.topic("c") { $0.slowReaders = .latestOnly(key: { String(($0.data ?? "").suffix(1)) }) }
            try settings.topic("s") { $0.slowReaders = .suspendPublisher }
            try settings.topic("u/*") { $0.keepsHistory = false }
            try settings.topic("v") {
                $0.keepsHistory = false
                $0.slowReaders = .dropOldest
                $0.isCompressible = false
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

    private func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private func someTopics() -> [String] {
        (0..<pick(4)).map { _ in
            let names = pick(4) == 0 ? Self.patterns : isPatient ? Self.suspendingTopics : Self.topics
            return names[pick(names.count)]
        }
    }

    /// - Returns: what went wrong; nil for nothing.
    package func run() throws -> String? {
        do {
            for _ in 0..<20 + pick(60) { try step() }
            try end()
            return nil
        } catch let failure as Failure {
            return failure.reason
        }
    }

    private func step() throws {
        switch pick(28) {
        case 0..<7: try publish()
        case 7..<10: startPublisher()
        case 10..<14: try joinOrLeave()
        case 14, 15: if let stream = aStream() { model.streams[stream].sink.room = pick(4) }
        case 16, 17: if let stream = aStream() { model.streams[stream].sink.read(pick(2) == 0 ? nil : pick(8)) }
        case 18, 19: try send()
        case 20: host.loops[pick(2)].run()
        case 21: host.run()
        case 22:
            publisherLoop.run()
            if store == nil { coverage.suspended += publishers.count }
        case 23: storeLoop.run()
        case 24: host.advance(by: .seconds(pick(6)))
        case 25: if pick(3) == 0 { close() }
        case 26: if !publishers.isEmpty { publishers[publishers.keys.sorted()[pick(publishers.count)]]?.cancel() }
        default: if pick(4) == 0 { try restart() }
        }
    }

    /// The store's thread is another: nothing waits for it but who publishes.
    private func whileTheStoreWrites() {
        guard !isSettling, pick(2) == 0 else { return }
        for _ in 0...pick(3) {
            // What these throw is said by the checks in the end.
            switch pick(6) {
            case 0, 1: try? publish()
            case 2: startPublisher()
            case 3: try? joinOrLeave()
            case 4: host.loops[pick(2)].run()
            default: publisherLoop.run()
            }
        }
    }

    /// In the end everyone who is there reads, and all must be well.
    private func end() throws {
        isSettling = true
        settle()
        for stream in clients.compactMap(\.stream) { model.streams[stream].sink.read() }
        settle()
        guard publishers.isEmpty else { throw Failure(reason: "a publisher waits, and everyone has read") }
        for stream in clients.compactMap(\.stream) where model.streams[stream].sink.isOpen { owe(stream) }
        noteRefused()
        if let fault = model.streams.lazy.compactMap(\.sink.fault).first { throw Failure(reason: fault) }
        if let fault = try model.fault() { throw Failure(reason: "\(fault)\nhistory \(history)") }
        // When the server ends, nobody waits for its readers any more.
        if isPatient, model.streams.contains(where: { $0.sink.wasAborted && !$0.sawShutdown }) {
            throw Failure(reason: "a reader was disconnected, and every publisher would have waited")
        }
        for stream in model.streams {
            coverage.gaps += stream.sink.names.count { $0 == "martlet.gap" }
            coverage.resumed += stream.resume != nil ? 1 : 0
            coverage.taken += stream.sink.takenCount
            coverage.torn += stream.sink.tornCount
        }
    }

    /// Does all that there is to do.
    private func settle() {
        repeat {
            publisherLoop.run()
            host.run()
        } while !publisherLoop.isIdle || host.hub.isStoring
    }

    private func aStream() -> Int? { clients[pick(clients.count)].stream }

    // MARK: - Publishing

    private func draft(for audiences: Range<Int>, isForeign: Bool = false) -> Draft {
        drafts += 1
        return Draft(
            text: "\(drafts)",
            audience: pick(3) == 0 ? audiences.lowerBound : audiences.lowerBound + pick(audiences.count),
            isForeign: isForeign, isCompressible: pick(4) > 0)
    }

    private func note(_ draft: Draft, _ sequence: UInt64, process: Int) {
        let rules = host.hub.settings.settings(of: DeliveryModel.recipients[draft.audience])
        model.published[draft.text] = DeliveryModel.Published(
            sequence: sequence, audience: draft.audience, isForeign: draft.isForeign, run: process,
            isKept: !draft.isForeign && history.maxEventsPerTopic > 0 && rules.keepsHistory,
            isCompressible: draft.isCompressible && rules.isCompressible)
    }

    private func publish() throws {
        guard !isPatient else { return startPublisher() }
        for _ in 0...pick(5) {
            let draft = draft(for: DeliveryModel.audiences.indices, isForeign: pick(12) == 0)
            let before = host.hub.state.withLock { $0.lastSequence }
            do {
                try host.hub.post(draft.event, to: DeliveryModel.audiences[draft.audience])
            } catch is StoreBacklogError {
                coverage.turnedAway += 1
                guard host.hub.state.withLock({ $0.lastSequence }) == before else {
                    throw Failure(reason: "\(draft) was turned away and took a number")
                }
                continue
            }
            note(draft, host.hub.state.withLock { $0.lastSequence }, process: process)
        }
    }

    private func startPublisher() {
        let audiences = isPatient ? DeliveryModel.suspending : DeliveryModel.audiences.indices
        let drafts = (0...pick(4)).map { _ in draft(for: audiences) }
        let (hub, process, number) = (host.hub, process, self.drafts)
        publishers[number] = Task(executorPreference: publisherExecutor) { [self] in
            for draft in drafts where !Task.isCancelled {
                // What fails was published for nobody: its text is unknown to the model.
                do {
                    let receipt = try await hub.publish(draft.event, to: DeliveryModel.audiences[draft.audience])
                    if let id = receipt.id.flatMap({ EventID($0) }) { note(draft, id.sequence, process: process) }
                } catch is CancellationError {
                    model.uncertain.insert(draft.text)
                } catch {}
            }
            publishers[number] = nil
        }
    }

    private func send() throws {
        guard !isPatient, let stream = aStream() else { return }
        sends += 1
        do {
            let event = ServerSentEvent(event: "direct", data: "\(sends)")
            if try host.hub.send(event, to: model.streams[stream].sink.id) {
                model.streams[stream].sends.append("\(sends)")
            }
        } catch is StoreBacklogError {
            coverage.turnedAway += 1
        }
    }

    // MARK: - Streams

    /// Everything that was delivered by now must come to a stream, unless its peer goes first.
    ///
    /// - Parameter isEnding: it is ended by the server, which does not wait for a slow reader of a long history.
    private func owe(_ stream: Int, isEnding: Bool = false) {
        guard !isEnding || model.streams[stream].sink.room == nil else { return }
        model.streams[stream].owed = (
            host.hub.state.withLock { $0.distributedSequence }, model.streams[stream].sends.count
        )
    }

    private func close() {
        guard let stream = aStream() else { return }
        host.run()
        let sink = model.streams[stream].sink
        guard sink.isOpen, host.hub.closeClient(sink.id, reconnect: pick(4) > 0) else { return }
        owe(stream, isEnding: true)
        host.run()
        if !sink.hasEnded { model.streams[stream].owed = nil }
    }

    private func joinOrLeave() throws {
        let index = pick(clients.count)
        if let stream = clients[index].stream {
            let sink = model.streams[stream].sink
            guard !sink.isOpen || pick(2) == 0 else { return }
            if sink.isOpen { sink.leave() }
            goneAway(index)
            return
        }
        if pick(8) == 0 { clients[index].topics = someTopics() }
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
        let presence = presence
        let sink = try host.sink(
            client.topics, user: client.user, takesBroadcasts: client.takesBroadcasts, resume: resume, replay: replay,
            loop: client.loop, room: room,
            hasSocket: pick(2) == 0, onClose: { presence.closed($0.id) })
        clients[index].stream = model.streams.count
        model.streams.append(
            DeliveryModel.Stream(
                sink: sink, presence: presence, topics: try client.topics.map { try TopicPattern($0) },
                user: client.user, takesBroadcasts: client.takesBroadcasts, run: process, resume: resume,
                replay: replay,
                joinedAt: sink.subscriber?.joinedAt ?? 0))
    }

    private func goneAway(_ client: Int) {
        guard let stream = clients[client].stream else { return }
        let id = model.streams[stream].sink.lastEventID
        // Told to stay away, a client has no place; whoever opens the page anew has the one before.
        if !id.isEmpty, id != EventHub.farewellID { clients[client].lastEventID = id }
        clients[client].stream = nil
    }

    // MARK: - Restarts

    private func restart() throws {
        guard let store else { return }
        coverage.restarts += 1
        isSettling = true
        if pick(2) == 0 { try shutDown() } else { kill(store) }
        noteRefused()
        for index in clients.indices { goneAway(index) }
        process += 1
        presence = PresenceLog()
        host = try Self.hub(history, limits, store, storeLoop, clock, presence)
        model.began(host.hub)
        isSettling = false
    }

    /// As after `kill -9`: what the loops had not done is never done, and what the store had not written perhaps neither.
    private func kill(_ store: FakeStore) {
        let failing = store.failing
        if pick(2) == 0 { store.failing = 1 }
        // Only a process takes its tasks with it when it dies.
        for publisher in publishers.values { publisher.cancel() }
        while host.hub.isStoring || !publisherLoop.isIdle {
            storeLoop.run()
            publisherLoop.run()
        }
        store.failing = failing
    }

    /// A deploy: each stream has had everything when it ends.
    private func shutDown() throws {
        host.run()
        let open = clients.compactMap(\.stream).filter { model.streams[$0].sink.isOpen }
        for stream in open { owe(stream, isEnding: true) }
        for stream in model.streams.indices where model.streams[stream].run == process {
            model.streams[stream].sawShutdown = true
        }
        let hub = host.hub
        var isOver = false
        let stop = Task(executorPreference: publisherExecutor) { await hub.shutDown() }
        for _ in 0..<1000 where !isOver {
            settle()
            isOver = !model.streams.contains { $0.run == process && $0.sink.isOpen }
            host.advance(by: .milliseconds(20))
        }
        settle()
        stop.cancel()
        guard isOver else { throw Failure(reason: "the shutdown does not end") }
        guard publishers.isEmpty else { throw Failure(reason: "a publisher waits after the shutdown") }
        // Events still came while it ended, and some were too slow for them.
        for stream in open where !model.streams[stream].sink.hasEnded { model.streams[stream].owed = nil }
    }

    /// What the store did not take, nobody may see.
    private func noteRefused() {
        guard let store else { return }
        let stored = Set(store.events.map(\.sequence))
        for (_, event) in model.published where event.isKept && !stored.contains(event.sequence) {
            model.refused.insert(event.sequence)
        }
    }
}
