/// How far a long task is: what the body of `ctx.sse.progress` reports to.
public struct EventProgress: Sendable {
    /// How much there is to do, in units of the task's own.
    public let total: Int
    fileprivate let client: EventClient

    /// Sends a `progress` event: `{"percent":40}` and the details.
    ///
    /// - Parameters:
    ///   - completed: how much is done, from 0 to `total`.
    ///   - details: what else the event says.
    /// - Throws: `CancellationError` when the client is gone, which ends the task.
    public func report(_ completed: Int, _ details: [String: String] = [:]) throws {
        guard client.isConnected else { throw CancellationError() }
        let done = min(max(0, completed), total)
        let percent = total > 0 ? total.dividingFullWidth(done.multipliedFullWidth(by: 100)).quotient : 100
        try client.send(event: "progress", data: Report(percent: percent, details: details))
    }

    private struct Report: Encodable {
        let percent: Int
        let details: [String: String]

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: FieldKey.self)
            for (name, value) in details { try container.encode(value, forKey: FieldKey(name)) }
            try container.encode(percent, forKey: FieldKey("percent"))
        }
    }
}

extension EventHub {
    /// A stream that tells how far a task is, then `complete` with `{"status":"done"}`, and ends. Where the task throws, a
    /// `martlet.error` event is the last. When the client goes away, the task is cancelled.
    ///
    /// - Parameters:
    ///   - total: how much there is to do, in units of the task's own.
    ///   - expiresAfter: when the stream ends unless it is refreshed; nil for never. See `StreamRefresh`.
    public func progress(
        total: Int = 100, expiresAfter: Duration? = nil,
        _ task: @escaping @Sendable (EventProgress) async throws -> Void
    ) -> EventStream {
        stream(expiresAfter: expiresAfter) { client in
            try await task(EventProgress(total: total, client: client))
            try client.send(event: "complete", data: ["status": "done"])
        }
    }
}
