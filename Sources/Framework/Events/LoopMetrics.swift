import CoreMetrics

/// Tells the figures of one event loop as metrics, now and then, out of the counters that are kept anyway: an event costs
/// nothing more.
struct LoopMetrics {
    private let streams: Gauge
    private let queueBytes: Gauge
    /// Each with what it counts.
    private let counters: [(counter: Counter, figure: KeyPath<EventStatistics.Loop, Int> & Sendable)]
    /// What there is once and not for each loop is told by the first.
    private let hub: HubMetrics?
    private var last = EventStatistics.Loop()
    private var lastOfHub = EventStatistics()

    private struct HubMetrics {
        let published: Counter
        let refused: Counter
        let historyEvents: Gauge
        let historyBytes: Gauge
        let backlogEvents: Gauge
        let backlogBytes: Gauge
    }

    init(_ factory: any MetricsFactory, loop: Int) {
        let loopLabel = [("loop", "\(loop)")]
        func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: label, dimensions: loopLabel + dimensions, factory: factory)
        }
        streams = Gauge(label: "martlet_streams", dimensions: loopLabel, factory: factory)
        queueBytes = Gauge(label: "martlet_queue_bytes", dimensions: loopLabel, factory: factory)
        let dropped = "martlet_events_dropped_total"
        let replays = "martlet_replays_total"
        counters = [
            (counter("martlet_events_delivered_total"), \.delivered),
            (counter("martlet_events_replayed_total"), \.replayed),
            (counter(dropped, [("policy", "dropOldest")]), \.droppedOldest),
            (counter(dropped, [("policy", "latestOnly")]), \.superseded),
            (counter("martlet_slow_readers_disconnected_total"), \.disconnected),
            (counter("martlet_publishers_suspended_total"), \.suspended),
            (counter("martlet_streams_expired_total"), \.expired),
            (counter(replays, [("verdict", "resumed")]), \.resumed),
            (counter(replays, [("verdict", "partial")]), \.partial),
            (counter(replays, [("verdict", "reset")]), \.reset),
        ]
        hub =
            loop == 0
            ? HubMetrics(
                published: Counter(label: "martlet_events_published_total", factory: factory),
                refused: Counter(label: "martlet_streams_refused_total", factory: factory),
                historyEvents: Gauge(label: "martlet_history_events", factory: factory),
                historyBytes: Gauge(label: "martlet_history_bytes", factory: factory),
                backlogEvents: Gauge(label: "martlet_store_backlog_events", factory: factory),
                backlogBytes: Gauge(label: "martlet_store_backlog_bytes", factory: factory)) : nil
    }

    mutating func report(_ figures: EventStatistics.Loop, _ allOfHub: @autoclosure () -> EventStatistics?) {
        streams.record(figures.streams)
        queueBytes.record(figures.queuedBytes)
        for (counter, figure) in counters where figures[keyPath: figure] > last[keyPath: figure] {
            counter.increment(by: figures[keyPath: figure] - last[keyPath: figure])
        }
        last = figures
        guard let hub, let all = allOfHub() else { return }
        if all.published > lastOfHub.published { hub.published.increment(by: all.published - lastOfHub.published) }
        if all.refused > lastOfHub.refused { hub.refused.increment(by: all.refused - lastOfHub.refused) }
        hub.historyEvents.record(all.historyEvents)
        hub.historyBytes.record(all.historyBytes)
        hub.backlogEvents.record(all.storeBacklogEvents)
        hub.backlogBytes.record(all.storeBacklogBytes)
        lastOfHub = all
    }
}

extension EventStatistics.Loop {
    fileprivate var droppedOldest: Int { dropped - superseded }
}
