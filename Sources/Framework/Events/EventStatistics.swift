import Synchronization

/// What one event loop has done.
final class ShardCounters: Sendable {
    let delivered = Atomic<Int>(0)
    let replayed = Atomic<Int>(0)
    let dropped = Atomic<Int>(0)
    let superseded = Atomic<Int>(0)
    let disconnected = Atomic<Int>(0)
    let suspended = Atomic<Int>(0)
    let expired = Atomic<Int>(0)
    let resumed = Atomic<Int>(0)
    let partial = Atomic<Int>(0)
    let reset = Atomic<Int>(0)
}

extension ShardCounters {
    func count(_ verdict: ControlEvent.Resume.Verdict) {
        switch verdict {
        case .resumed: resumed.add(1, ordering: .relaxed)
        case .partial: partial.add(1, ordering: .relaxed)
        case .reset: reset.add(1, ordering: .relaxed)
        }
    }
}

/// Figures of the live streams, at one moment or since the start.
public struct EventStatistics: Sendable, Encodable {
    /// How many streams are open.
    public var streams = 0
    /// How many of them subscribed to each topic by its name, and to each pattern by its text.
    public var streamsByTopic: [String: Int] = [:]
    /// How many of them were opened for each user; a stream without a user counts nowhere here.
    public var streamsByUser: [String: Int] = [:]
    /// How many of them each IP address has.
    public var streamsByAddress: [String: Int] = [:]
    /// Events published since the start.
    public var published = 0
    /// Streams refused by a limit since the start.
    public var refused = 0
    /// Events in the history, and their bytes.
    public var historyEvents = 0
    /// Bytes of the history, as `HistoryLimits.maxBytes` counts them.
    public var historyBytes = 0
    /// Events that wait for the store, and their bytes.
    public var storeBacklogEvents = 0
    /// Bytes that wait for the store, as `limits.maxStoreBacklogBytes` counts them.
    public var storeBacklogBytes = 0
    /// One entry for each event loop, in their order.
    public var loops: [Loop] = []

    /// Figures of one event loop, since the start.
    public struct Loop: Sendable, Encodable {
        /// Streams that are open on it now.
        public var streams = 0
        /// Bytes that wait for slow readers now.
        public var queuedBytes = 0
        /// Events times the streams that they were delivered to.
        public var delivered = 0
        /// Events that clients got from the history.
        public var replayed = 0
        /// Events that slow readers did not get.
        public var dropped = 0
        /// Of those, the ones that a newer event of the same key took the place of.
        public var superseded = 0
        /// Slow readers that were disconnected.
        public var disconnected = 0
        /// How often a slow reader held publishers up.
        public var suspended = 0
        /// Streams that ended with their authorisation.
        public var expired = 0
        /// Clients that came back, by what they were told.
        public var resumed = 0
        /// Those that were told that the oldest part is gone.
        public var partial = 0
        /// Those that were told that nothing is known of their last event.
        public var reset = 0
    }
}

extension EventHub {
    /// The figures that cost nothing to tell.
    var figures: EventStatistics {
        var statistics = state.withLock { state in
            var statistics = EventStatistics()
            statistics.streams = state.clients.count
            statistics.published = state.published
            statistics.historyEvents = state.history.eventCount
            statistics.historyBytes = state.history.byteCount
            (statistics.storeBacklogEvents, statistics.storeBacklogBytes) = state.gate.backlog
            return statistics
        }
        statistics.refused = admission.refused
        return statistics
    }

    /// Figures of the live streams.
    public var statistics: EventStatistics {
        get async {
            var statistics = figures
            let (topics, users) = state.withLock { ($0.topics, $0.users) }
            statistics.streamsByTopic = topics.counts
            statistics.streamsByUser = users.mapValues(\.count)
            statistics.streamsByAddress = admission.byAddress
            for shard in shards {
                let loop = try? await shard.executor.eventLoop.submit { shard.figures }.get()
                statistics.loops.append(loop ?? EventStatistics.Loop())
            }
            return statistics
        }
    }
}
