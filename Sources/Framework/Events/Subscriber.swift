import NIOCore

/// An open stream on its event loop: its sink, and what waits for it.
// Confined to the loop of its shard; it is only carried elsewhere.
package final class Subscriber: @unchecked Sendable {
    let client: EventClient
    private let sink: any EventSink
    private let shard: HubShard
    private var onClose: (@Sendable (EventClient) -> Void)?
    private var body: Task<Void, Never>?
    private var waiting: [CheckedContinuation<Void, any Error>] = []
    private var needsFlush = false
    private(set) var hasEnded = false
    /// The shard's beat when something was last written.
    private(set) var lastBeat = 0

    init(
        _ client: EventClient, sink: any EventSink, shard: HubShard, onClose: (@Sendable (EventClient) -> Void)?
    ) {
        self.client = client
        self.sink = sink
        self.shard = shard
        self.onClose = onClose
    }

    /// Runs the stream's body as a task of its own.
    func run(_ body: @escaping EventStream.Body, endsStream: Bool, on executor: LoopExecutor) {
        let client = client
        let task = executor.start {
            do {
                try await body(client)
                if endsStream { client.close() }
            } catch {
                if !(error is CancellationError) {
                    client.hub.logger.error(
                        "an event stream's body failed", metadata: ["error": "\(error)", "client": "\(client.id)"])
                }
                client.close()
            }
        }
        // It may have ended the stream before its first suspension.
        if hasEnded { task.cancel() } else { self.body = task }
    }

    /// - Returns: true when this is the first write since the last flush.
    func write(_ frame: EventFrame, beat: Int) -> Bool {
        guard !hasEnded else { return false }
        sink.write(frame)
        lastBeat = beat
        defer { needsFlush = true }
        return !needsFlush
    }

    func flush(limit: Int) {
        needsFlush = false
        guard !hasEnded else { return }
        sink.flush()
        if sink.backlogBytes > limit {
            client.hub.logger.notice("disconnected a slow reader", metadata: ["client": "\(client.id)"])
            sink.abort()
            left()
        }
    }

    /// Ends the stream from this side, behind what was written.
    func end() {
        guard !hasEnded else { return }
        sink.flush()
        sink.end()
        left()
    }

    func resume(_ continuation: CheckedContinuation<Void, any Error>) {
        if hasEnded {
            continuation.resume(throwing: CancellationError())
        } else if sink.isWritable {
            continuation.resume()
        } else {
            waiting.append(continuation)
        }
    }

    /// The peer has read enough for patient writers to go on.
    package func becameWritable() {
        let resumed = waiting
        waiting = []
        for continuation in resumed { continuation.resume() }
    }

    /// The stream has ended, from whichever side: called once or often, it counts once.
    package func left() {
        guard !hasEnded else { return }
        hasEnded = true
        shard.remove(self)
        client.hub.left(client.id)
        body?.cancel()
        body = nil
        let cancelled = waiting
        waiting = []
        for continuation in cancelled { continuation.resume(throwing: CancellationError()) }
        onClose?(client)
        onClose = nil
    }
}
