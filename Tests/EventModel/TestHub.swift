import Foundation
import Logging
import MartletCore
import MartletEventStream
import MartletTesting

/// A hub on stepped loops, with peers that the test plays.
package struct TestHub {
    package let loops: [SteppedLoop]
    package let hub: EventHub
    package let clock: ManualClock
    /// Where the store works; nil for a thread of its own.
    private let storeLoop: SteppedLoop?
    private let sockets = FakeSockets()

    /// - Parameter storeLoop: where the store works, when the test says so.
    package init(
        loops count: Int = 1, clock: ManualClock = ManualClock(), limits: Limits = Limits(),
        storeLoop: SteppedLoop? = nil, _ configure: (inout EventSettings) throws -> Void = { _ in }
    ) throws {
        var settings = EventSettings()
        try configure(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let loops = (0..<count).map { _ in SteppedLoop() }
        self.loops = loops
        self.clock = clock
        self.storeLoop = storeLoop
        var storeExecutor: HistoryWriter.Executor?
        if let storeLoop { storeExecutor = { storeLoop.execute($0) } }
        hub = try EventHub(
            executors: loops.map { LoopExecutor($0) }, clock: clock, settings: settings, limits: limits, logger: logger,
            storeExecutor: storeExecutor, transmit: { [sockets] in sockets.transmit($0, $1) })
    }

    /// Does all that there is to do.
    package func run() {
        while hub.isStoring || loops.contains(where: { !$0.isIdle }) {
            for loop in loops { loop.run() }
            guard hub.isStoring else { continue }
            // A store's own thread hands over to the loops.
            if let storeLoop { storeLoop.run() } else { sched_yield() }
        }
    }

    package func advance(by duration: Duration) {
        let limit = clock.now.advanced(by: duration)
        while clock.step(to: limit) {}
    }

    @discardableResult
    package func post(
        _ data: String, to audience: EventAudience = .everyone, isCompressible: Bool = true
    ) throws -> Receipt {
        try hub.post(ServerSentEvent(data: data, isCompressible: isCompressible), to: audience)
    }

    package func sink(
        _ topics: [String] = [], user: String? = nil, takesBroadcasts: Bool = true, resume: String? = nil,
        replay: Replay = .none, loop: Int = 0,
        room: Int? = nil, hasSocket: Bool = false, expiresAfter: Duration? = nil,
        onClose: (@Sendable (EventClient) -> Void)? = nil
    ) throws -> FakeSink {
        let sink = FakeSink(lastEventID: resume ?? "", room: room)
        if hasSocket { sockets.connect(sink) }
        var stream = hub.open(
            topics: topics.map { Topic($0) }, user: user, takesBroadcasts: takesBroadcasts, replay: replay,
            expiresAfter: expiresAfter, onClose: onClose)
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

/// What `martlet.gap` says.
package struct Gap: Decodable {
    let first: String
    let last: String
    package let count: Int?
}

/// What `martlet.resume` says.
package struct Verdict: Decodable {
    package let verdict: String
    package let after: String?
    package let through: String?
}
