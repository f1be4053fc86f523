import AsyncHTTPClient
import MartletEventStream
import Synchronization

/// The life of one source: attempt, stream, loss, delay, and again until it is over.
final class StreamDriver: Sendable {
    struct Callbacks: Sendable {
        var open: [@Sendable () -> Void] = []
        var message: [@Sendable (EventSource.Event) -> Void] = []
        var resume: [@Sendable (ResumeVerdict) -> Void] = []
        var gap: [@Sendable (EventGap) -> Void] = []
        var error: [@Sendable (EventSourceError) -> Void] = []
        var close: [@Sendable () -> Void] = []

        func report(_ event: EventSource.Event) {
            for action in message { action(event) }
            if let verdict = event.resumeVerdict { for action in resume { action(verdict) } }
            if let gap = event.gap { for action in self.gap { action(gap) } }
        }
    }

    private enum Phase {
        case idle
        case running(Task<Void, Never>)
        case over
    }
    private struct Condition {
        var phase = Phase.idle
        var state = EventSource.State.connecting
        var isIterated = false
        var callbacks = Callbacks()
        var observers: [Int: AsyncStream<EventSource.State>.Continuation] = [:]
        var nextObserver = 0
        var lastEventID: String
        var retry: Duration
        var verdict: ResumeVerdict?
        /// The attempt under way, which can be given up alone.
        var connection: StreamConnection?

        mutating func enter(_ state: EventSource.State) {
            // Closed is for good, also for a connection that opens meanwhile.
            guard state != self.state, self.state != .closed else { return }
            self.state = state
            for observer in observers.values { observer.yield(state) }
        }
    }

    let url: String
    let configuration: EventSource.Configuration
    let client: HTTPClient
    let handoff = EventHandoff()
    private let clock: any Clock<Duration>
    private let random: Mutex<any RandomNumberGenerator & Sendable>
    private let condition: Mutex<Condition>

    init(
        url: String, configuration: EventSource.Configuration, client: HTTPClient, clock: any Clock<Duration>,
        random: any RandomNumberGenerator & Sendable
    ) {
        self.url = url
        self.configuration = configuration
        self.client = client
        self.clock = clock
        self.random = Mutex(random)
        condition = Mutex(Condition(lastEventID: configuration.lastEventID, retry: configuration.retry))
    }

    var state: EventSource.State { condition.withLock { $0.state } }
    var lastEventID: String { condition.withLock { $0.lastEventID } }
    var resumeVerdict: ResumeVerdict? { condition.withLock { $0.verdict } }

    var states: AsyncStream<EventSource.State> {
        AsyncStream { continuation in
            let id: Int? = condition.withLock { condition in
                continuation.yield(condition.state)
                guard condition.state != .closed else { return nil }
                condition.nextObserver += 1
                condition.observers[condition.nextObserver] = continuation
                return condition.nextObserver
            }
            guard let id else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                self?.condition.withLock { _ = $0.observers.removeValue(forKey: id) }
            }
        }
    }

    func listen(_ change: (inout Callbacks) -> Void) { condition.withLock { change(&$0.callbacks) } }

    /// - Returns: false where another loop has the events.
    func startIterating() -> Bool {
        let isFirst = condition.withLock { condition in
            defer { condition.isIterated = true }
            return !condition.isIterated
        }
        if isFirst { start() }
        return isFirst
    }

    func start() {
        condition.withLock { condition in
            guard case .idle = condition.phase else { return }
            condition.phase = .running(Task { await run() })
        }
    }

    func dropConnection() { condition.withLock { $0.connection }?.giveUp(.dropped) }

    private struct Ended {
        let task: Task<Void, Never>?
        let callbacks: Callbacks
        let observers: [AsyncStream<EventSource.State>.Continuation]
    }

    /// Over for good, with what it failed on; only the first call counts.
    func finish(_ error: EventSourceError?) {
        let ended = condition.withLock { condition -> Ended? in
            if case .over = condition.phase { return nil }
            var task: Task<Void, Never>?
            if case .running(let running) = condition.phase { task = running }
            condition.phase = .over
            condition.enter(.closed)
            defer { condition.observers = [:] }
            return Ended(task: task, callbacks: condition.callbacks, observers: Array(condition.observers.values))
        }
        guard let ended else { return }
        // Not under the lock, which what they call on ending takes.
        for observer in ended.observers { observer.finish() }
        handoff.finish(error)
        ended.task?.cancel()
        if let error { for action in ended.callbacks.error { action(error) } }
        for action in ended.callbacks.close { action() }
    }

    private func run() async { await run(clock) }

    private func run(_ clock: some Clock<Duration>) async {
        /// Attempts in a row that led to no stream.
        var failures = 0
        while !Task.isCancelled {
            let connection = StreamConnection(self)
            condition.withLock { $0.connection = connection }
            let end = await connection.run(clock)
            if Task.isCancelled { return }
            switch end {
            case .over(let error):
                return finish(error)
            case .lost(let error, let wasOpen, let retryAfter):
                failures = wasOpen ? 0 : failures + 1
                if let limit = configuration.maximumAttempts, failures >= limit {
                    return finish(.attemptsExhausted(failures, last: error))
                }
                reportLoss(error)
                let delay = max(nextDelay(after: failures), min(retryAfter ?? .zero, .seconds(3600)))
                try? await clock.sleep(for: delay)
            }
        }
    }

    private func nextDelay(after failures: Int) -> Duration {
        let retry = condition.withLock { $0.retry }
        return random.withLock { random in
            configuration.backoff.delay(after: failures, retry: retry, random: &random)
        }
    }

    private func reportLoss(_ error: EventSourceError) {
        let callbacks = condition.withLock { condition in
            condition.enter(.connecting)
            return condition.callbacks.error
        }
        for action in callbacks { action(error) }
    }

    /// The answer is a stream: the standard's "announce the connection".
    func announceOpen() {
        let callbacks = condition.withLock { condition in
            condition.enter(.open)
            return condition.callbacks.open
        }
        for action in callbacks { action() }
    }

    /// Hands on what one read brought, and returns when it is taken.
    func deliver(_ events: [EventSource.Event], of parser: EventStreamParser) async {
        let (isIterated, callbacks) = condition.withLock { condition in
            condition.lastEventID = parser.lastEventID
            if let retry = parser.reconnectionTime {
                let range = configuration.retryRange
                condition.retry = min(max(retry, range.lowerBound), range.upperBound)
            }
            for event in events {
                if let verdict = event.resumeVerdict { condition.verdict = verdict }
            }
            return (condition.isIterated, condition.callbacks)
        }
        guard !events.isEmpty else { return }
        for event in events where !Task.isCancelled { callbacks.report(event) }
        if isIterated { await handoff.give(events) }
    }
}
