import CoreMetrics
import Synchronization

// How the live streams start and end with the application.

extension EventHub {
    /// Starts the timers: one a loop, none a client.
    package func start() {
        let factory = settings.metrics ?? MetricsSystem.factory
        let isMeasured = !(factory is NOOPMetricsHandler)
        for (index, shard) in shards.enumerated() {
            shard.startTimer(now: elapsed, report: isMeasured ? reporter(LoopMetrics(factory, loop: index)) : nil)
        }
    }

    private func reporter(_ metrics: LoopMetrics) -> @Sendable (EventStatistics.Loop) -> Void {
        let metrics = Mutex(metrics)
        // Weakly, and only where it is measured: the reference count of what is referred to weakly is slower for all.
        return { [weak self] figures in metrics.withLock { $0.report(figures, self?.figures) } }
    }

    /// True from the moment that the application began to shut down: a body that could go on for long looks here, and ends.
    public var isShuttingDown: Bool { state.withLock { $0.isClosing } }

    /// Says farewell: tells each client when to come back, at times that are spread, ends the streams over
    /// `limits.drainWindow`, and takes no new ones. A stream whose body is under way ends with that, within
    /// `limits.drainWindow` and `limits.shutdownTimeout` together.
    package func shutDown() async {
        stop()
        await withTaskGroup { group in
            for (index, shard) in shards.enumerated() {
                group.addTask(executorPreference: shard.executor) { await self.drain(shard, index) }
            }
        }
    }

    /// Call it on the shard's loop.
    func drain(_ shard: HubShard, _ index: Int) async {
        await shard.drain(
            over: limits.drainWindow, patience: limits.drainWindow + limits.shutdownTimeout,
            deliverWaiting: { deliverMailbox(index) })
    }

    /// Takes no new streams and no longer beats; publishers that wait for readers are let go.
    package func stop() {
        for shard in shards { shard.stopTimer() }
        let publishers = state.withLock { state in
            state.isClosing = true
            return state.gate.close()
        }
        for publisher in publishers { publisher.resume(throwing: CancellationError()) }
        // Others may have waited behind them for the store.
        letPublishersOn()
    }
}
