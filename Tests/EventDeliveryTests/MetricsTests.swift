import EventModel
import MartletEventStream
import MartletTesting
import MetricsTestKit
import Testing

@testable import MartletCore

/// The figures of the streams as metrics.
@Suite struct MetricsTests {
    private let metrics = TestMetrics()

    private func value(_ label: String, _ dimensions: [(String, String)] = [("loop", "0")]) throws -> Int64 {
        try metrics.expectCounter(label, dimensions).totalValue
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)] = [("loop", "0")]) throws -> Double? {
        try metrics.expectGauge(label, dimensions).lastValue
    }

    @Test func `each figure is told as what was added since the last time`() throws {
        var limits = Limits()
        limits.maxStreamBacklogBytes = 200
        let host = try TestHub(limits: limits) { settings in
            settings.history.maxEventsPerTopic = 2
            try settings.topic("old") { $0.slowReaders = .dropOldest }
            try settings.topic("latest") { $0.slowReaders = .latestOnly(key: { $0.event ?? "" }) }
        }
        var loop = LoopMetrics(metrics, loop: 0)
        let report = { loop.report(host.hub.shards[0].figures, host.hub.figures) }
        let fast = try host.sink()
        host.run()
        for index in 0..<3 { try host.hub.post(data: "\(index)", to: .everyone) }
        host.run()
        report()
        #expect(try gauge("martlet_streams") == 1)
        #expect(try gauge("martlet_history_events", []) == 2)
        #expect(try value("martlet_events_published_total", []) == 3)
        #expect(try value("martlet_events_delivered_total") == 3)

        let slow = try host.sink(["old", "latest"], resume: "\(host.hub.epoch)-\(host.hub.firstSequence + 2)")
        let lost = try host.sink(["old"], resume: "garbage")
        _ = try host.sink([], resume: "\(host.hub.epoch)-\(host.hub.firstSequence)")
        host.run()
        lost.leave()
        slow.room = 0
        for index in 0..<9 {
            try host.hub.post(data: "\(index)" + String(repeating: "x", count: 23), to: "old")
            host.run()
        }
        slow.read()
        slow.room = 0
        for _ in 0..<3 { try host.hub.post(data: "x", to: "latest") }
        host.run()
        report()
        #expect(try gauge("martlet_streams") == 3)
        #expect(try gauge("martlet_queue_bytes") ?? 0 > 0)
        #expect(try value("martlet_events_published_total", []) == 15)
        #expect(try value("martlet_events_dropped_total", [("loop", "0"), ("policy", "latestOnly")]) == 2)
        #expect(try value("martlet_events_dropped_total", [("loop", "0"), ("policy", "dropOldest")]) > 2)
        #expect(try value("martlet_events_replayed_total") > 0)
        for verdict in ["resumed", "partial", "reset"] {
            #expect(try value("martlet_replays_total", [("loop", "0"), ("verdict", verdict)]) == 1, "\(verdict)")
        }
        #expect(fast.isOpen)
    }

    @Test func `they are told while the application runs, by the timer that there is anyway`() async throws {
        let metrics = metrics
        let host = try TestHost { app in
            app.logger.logLevel = .critical
            app.events.metrics = metrics
        }
        try await host.application.sse.publish(data: "x", to: .everyone)
        await host.advance(by: .seconds(2))
        #expect(try value("martlet_events_published_total", []) == 1)
        #expect(try gauge("martlet_streams") == 0)
    }
}
