import Foundation
import Logging
import MartletEventStream
import NIOCore

@testable import MartletCore
@testable import MartletTesting

/// A hub on stepped loops, with peers that the test plays.
struct TestHub {
    let loops: [SteppedLoop]
    let hub: EventHub
    let clock: ManualClock

    init(
        loops count: Int = 1, clock: ManualClock = ManualClock(), limits: Limits = Limits(),
        _ configure: (inout EventSettings) throws -> Void = { _ in }
    ) throws {
        var settings = EventSettings()
        try configure(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let loops = (0..<count).map { _ in SteppedLoop() }
        self.loops = loops
        self.clock = clock
        hub = try EventHub(
            executors: loops.map(LoopExecutor.init), clock: clock, settings: settings, limits: limits, logger: logger)
    }

    func run() {
        // The store's thread hands over to the loops.
        while hub.isStoring || loops.contains(where: { !$0.isIdle }) {
            for loop in loops { loop.run() }
            if hub.isStoring { sched_yield() }
        }
    }

    func advance(by duration: Duration) {
        let limit = clock.now.advanced(by: duration)
        while clock.step(to: limit) {}
    }

    /// Where the caller is `async`, too, without waiting.
    @discardableResult
    func post(_ data: String, to audience: EventAudience = .everyone) throws -> Receipt {
        try hub.publish(ServerSentEvent(data: data), to: audience)
    }

    func sink(
        _ topics: [String] = [], user: String? = nil, resume: String? = nil, replay: Replay = .none, loop: Int = 0,
        room: Int? = nil, expiresAfter: Duration? = nil, onClose: (@Sendable (EventClient) -> Void)? = nil
    ) throws -> FakeSink {
        let sink = FakeSink(lastEventID: resume ?? "", room: room)
        var stream = hub.open(
            topics: topics, user: user, replay: replay, expiresAfter: expiresAfter, onClose: onClose)
        guard let place = hub.admission.take(user: user, address: "127.0.0.1") else { throw CancellationError() }
        stream.admission = StreamAdmission(
            topics: try topics.map { try TopicPattern($0) },
            resume: resume.map { text in EventID(text).map { .after($0) } ?? .unknown }, isGzip: false, place: place)
        sink.subscriber = hub.join(
            stream, sink: sink, connection: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1),
            eventLoop: loops[loop])
        return sink
    }
}

extension FakeSink {
    var id: EventClient.ID { subscriber?.client.id ?? EventClient.ID(rawValue: 0) }
}

struct Gap: Decodable {
    let first: String
    let last: String
    let count: Int?
}

struct Verdict: Decodable {
    let verdict: String
    let after: String?
    let through: String?
}
