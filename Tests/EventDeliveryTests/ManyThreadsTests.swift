import EventModel
import Logging
import MartletEventStream
import MartletTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import MartletCore

/// Many publishers on threads of their own, clients that come and go on several real loops; for Thread Sanitizer
/// (`swift test --sanitize=thread --filter EventDeliveryTests`) as much as for what is counted.
@Suite struct ManyThreadsTests {
    @Test(arguments: [false, true])
    func `each client gets each publisher's events in order and without a hole`(isDurable: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let executors = group.makeIterator().map { LoopExecutor($0) }
        var settings = EventSettings()
        settings.history.maxEventsPerTopic = 1 << 20
        settings.store = isDurable ? FakeStore() : nil
        try settings.topic("unkept") { $0.keepsHistory = false }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let hub = try EventHub(
            executors: executors, clock: ContinuousClock(), settings: settings, limits: Limits(), logger: logger)
        hub.start()
        let (publishers, perPublisher, clients) = (4, 150, 6)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for publisher in 0..<publishers {
                tasks.addTask {
                    for index in 0..<perPublisher {
                        let event = ServerSentEvent(event: "\(publisher)", data: "\(index)")
                        let audience: EventAudience = index.isMultiple(of: 2) ? .everyone : .topic("t")
                        if index.isMultiple(of: 8) {
                            try await hub.publish(event, to: audience)
                        } else {
                            try hub.post(event, to: audience)
                        }
                        if index.isMultiple(of: 16) {
                            try hub.post(ServerSentEvent(event: "unkept", data: "x"), to: .topic("unkept"))
                            _ = await hub.statistics
                            _ = hub.clients(on: "t")
                        }
                    }
                }
            }
            for client in 0..<clients {
                tasks.addTask {
                    let executor = executors[client % executors.count]
                    try await Self.follow(hub, executor, publishers, perPublisher)
                }
            }
            try await tasks.waitForAll()
        }
        #expect(hub.clientCount == 0)
        hub.stop()
        try await group.shutdownGracefully()
    }

    /// A client that reads, goes away and comes back until it has everything.
    private static func follow(
        _ hub: EventHub, _ executor: LoopExecutor, _ publishers: Int, _ perPublisher: Int
    ) async throws {
        var lastEventID: String? = "\(hub.epoch)-\(hub.firstSequence)"
        var received: [String: [Int]] = [:]
        var visits = 0
        while received.values.reduce(0, { $0 + $1.count }) < publishers * perPublisher {
            visits += 1
            let sink = ThreadedSink(lastEventID: lastEventID ?? "")
            let resume = lastEventID.flatMap { EventID($0) }.map(ResumePoint.after)
            var stream = hub.open(topics: ["t"])
            stream.admission = StreamAdmission(
                topics: [TopicPattern("t")], resume: resume, isGzip: false,
                place: try #require(hub.admission.take(user: nil, address: "::1")))
            let (joined, eventLoop) = (stream, executor.eventLoop)
            try await eventLoop.submit {
                sink.join(hub, joined, eventLoop)
            }.get()
            // It has 40 events, or all that are left: what it waits for is always to come.
            let left = publishers * perPublisher - received.values.reduce(0) { $0 + $1.count }
            while sink.count < min(40, left) { await Task.yield() }
            let events = try await eventLoop.submit { sink.leave() }.get()
            #expect(events.verdict == #"{"verdict":"resumed"}"#)
            lastEventID = events.lastEventID
            for event in events.events { received[event.event, default: []].append(Int(event.data) ?? -1) }
        }
        #expect(received.count == publishers)
        for numbers in received.values { #expect(numbers == Array(0..<perPublisher)) }
        #expect(visits > 3)
    }
}

/// A peer on a real loop.
// Everything but the count is used on its loop only.
private final class ThreadedSink: EventSink, @unchecked Sendable {
    private let received = Atomic<Int>(0)
    private var events: [EventStreamParser.Event] = []
    private var parser: EventStreamParser
    private var isOpen = true
    private var writes = 0
    private var subscriber: Subscriber?
    private var eventLoop: (any EventLoop)?

    init(lastEventID: String) { parser = EventStreamParser(lastEventID: lastEventID) }

    var count: Int { received.load(ordering: .acquiring) }

    func join(_ hub: EventHub, _ stream: EventStream, _ eventLoop: any EventLoop) {
        let info = ClientInfo(connectionID: 1, address: "::1", port: 1)
        subscriber = hub.join(stream, sink: self, connection: info, eventLoop: eventLoop)
        self.eventLoop = eventLoop
        // Every few writes it is slow, until its loop has come round.
        eventLoop.execute { self.read() }
    }

    private func read() {
        guard isOpen else { return }
        writes = 0
        subscriber?.becameWritable()
        eventLoop?.execute { self.read() }
    }

    func leave() -> (verdict: String?, events: [EventStreamParser.Event], lastEventID: String) {
        isOpen = false
        subscriber?.left()
        subscriber = nil
        return (
            events.first { $0.event == "martlet.resume" }?.data, events.filter { Int($0.event) != nil },
            parser.lastEventID
        )
    }

    func write(_ frame: EventFrame) {
        guard isOpen else { return }
        writes += 1
        events += (try? parser.feed(frame.payload)) ?? []
        received.store(events.count { Int($0.event) != nil }, ordering: .releasing)
    }

    func flush() {}
    var isWritable: Bool { writes < 5 }
    func end() { isOpen = false }
    func abort() { isOpen = false }
}
