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
            // A dictionary, whose keys are sent as the task named them.
            var members = details.mapValues(Member.text)
            members["percent"] = .number(percent)
            var container = encoder.singleValueContainer()
            try container.encode(members)
        }

        private enum Member: Encodable {
            case text(String)
            case number(Int)

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .number(let number): try container.encode(number)
                }
            }
        }
    }
}

extension EventHub {
    /// A stream that tells how far a task is, then `complete` with `{"status":"done"}`, and ends. Where the task throws, a
    /// `martlet.error` event is the last. When the client goes away, the task is cancelled.
    ///
    /// Whoever has the last event is answered with 204 when it comes back, so that an `EventSource` does not have a task
    /// run anew that is done, or has failed.
    ///
    /// - Parameters:
    ///   - total: how much there is to do, in units of the task's own.
    ///   - expiresAfter: when the stream ends unless it is refreshed; nil for never. See `StreamRefresh`.
    ///   - takesBroadcasts: true to send it what is broadcast, too.
    public func progress(
        total: Int = 100, expiresAfter: Duration? = nil, takesBroadcasts: Bool = false,
        _ task: @escaping @Sendable (EventProgress) async throws -> Void
    ) -> EventStream {
        var stream = stream(takesBroadcasts: takesBroadcasts, expiresAfter: expiresAfter) { client in
            try await task(EventProgress(total: total, client: client))
            try client.send(event: "complete", data: ["status": "done"], id: Self.farewellID)
        }
        stream.farewell = .ofBody
        return stream
    }
}
