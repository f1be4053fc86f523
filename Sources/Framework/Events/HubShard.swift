import NIOCore

/// One event loop's share of the streams.
///
/// Confined to its loop: nothing here is locked, and a broadcast costs each client one write of the same buffer.
// Everything but the constants is touched on the event loop only, which the hub and the sinks see to.
final class HubShard: @unchecked Sendable {
    enum Delivery: Sendable {
        case join(Subscriber)
        case all(EventFrame)
        case one(EventClient.ID, EventFrame)
        case close(EventClient.ID)
        case closeAll
    }

    let executor: LoopExecutor
    private let clock: any Clock<Duration>
    private let limits: Limits
    private var subscribers: [EventClient.ID: Subscriber] = [:]
    private var written: [Subscriber] = []
    private var heartbeat: Task<Void, Never>?
    /// Counts the beats, so that silence is measured without reading a clock for each write.
    private var beat = 0
    private static let beatsOfSilence = 15

    init(_ executor: LoopExecutor, clock: any Clock<Duration>, limits: Limits) {
        self.executor = executor
        self.clock = clock
        self.limits = limits
    }

    func deliver(_ deliveries: [Delivery]) {
        var rest = deliveries[...]
        while let delivery = rest.first {
            switch delivery {
            case .all:
                // A burst is one write for each client.
                let run = rest.prefix { if case .all = $0 { true } else { false } }
                rest = rest.dropFirst(run.count)
                let frames = run.compactMap { if case .all(let frame) = $0 { frame } else { nil } }
                let frame = frames.count == 1 ? frames[0] : EventFrame(joining: frames)
                for subscriber in subscribers.values { write(frame, to: subscriber) }
                continue
            case .join(let subscriber):
                if !subscriber.hasEnded { subscribers[subscriber.client.id] = subscriber }
            case .one(let id, let frame):
                if let subscriber = subscribers[id] { write(frame, to: subscriber) }
            case .close(let id):
                subscribers[id]?.end()
            case .closeAll:
                for subscriber in subscribers.values { subscriber.end() }
            }
            rest = rest.dropFirst()
        }
        flush()
    }

    private func write(_ frame: EventFrame, to subscriber: Subscriber) {
        if subscriber.write(frame, beat: beat) { written.append(subscriber) }
    }

    private func flush() {
        // A flush that fails ends its stream at once, which must not disturb the walk.
        let subscribers = written
        written.removeAll(keepingCapacity: true)
        for subscriber in subscribers { subscriber.flush(limit: limits.maxStreamBacklogBytes) }
    }

    func remove(_ subscriber: Subscriber) { subscribers[subscriber.client.id] = nil }

    func resume(_ continuation: CheckedContinuation<Void, any Error>, whenWritable id: EventClient.ID) {
        guard let subscriber = subscribers[id] else { return continuation.resume(throwing: CancellationError()) }
        subscriber.resume(continuation)
    }

    // MARK: - Heartbeat

    func startHeartbeat() {
        heartbeat = Task(executorPreference: executor) { [clock, interval = limits.heartbeat / Self.beatsOfSilence] in
            while !Task.isCancelled {
                do { try await clock.sleep(for: interval) } catch { return }
                self.beatOnce()
            }
        }
    }

    func stopHeartbeat() { heartbeat?.cancel() }

    /// Sends a comment to those who have heard nothing for the interval.
    private func beatOnce() {
        beat += 1
        for subscriber in subscribers.values where beat - subscriber.lastBeat >= Self.beatsOfSilence {
            write(.heartbeat, to: subscriber)
        }
        flush()
    }
}
