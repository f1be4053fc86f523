import EventModel
import MartletEventStream
import Testing

@testable import MartletCore

@Suite struct DrainTests {
    /// A body that has said its last word and returned when the shutdown comes to its loop has lost nothing.
    @Test func `what was sent before goes before the end of a stream`() throws {
        let host = try TestHub()
        let sink = try host.sink()
        host.run()
        let hub = host.hub
        // It is first in the loop's queue.
        let drain = Task(executorPreference: hub.shards[0].executor) { await hub.drain(hub.shards[0], 0) }
        try hub.send(ServerSentEvent(data: "the last"), to: sink.id)
        host.run()
        host.advance(by: .seconds(30))
        host.run()
        #expect(sink.hasEnded)
        #expect(sink.texts() == ["the last"])
        drain.cancel()
    }
}
