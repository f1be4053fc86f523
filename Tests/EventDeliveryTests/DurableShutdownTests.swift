import EventModel
import Foundation
import Martlet
import Synchronization
import Testing

@Suite struct DurableShutdownTests {
    /// Takes the hub out of an application that serves.
    final class Probe: Sendable {
        let hub: EventHub
        init(_ hub: EventHub, _ found: (EventHub) -> Void) {
            self.hub = hub
            found(hub)
        }
    }

    @Controller
    struct ProbeController {
        let probe: Probe
        func index() -> String { "\(probe.hub.clientCount)" }
    }

    private final class Serving: App {
        let store = FakeStore()
        let hub = Mutex<EventHub?>(nil)

        func configure(_ app: inout AppBuilder) throws {
            app.controllers(ProbeController.self)
            app.services.singleton(Probe.self) { [self] services in
                Probe(try services.resolve(EventHub.self)) { found in hub.withLock { $0 = found } }
            }
            app.events.store = store
            app.limits.drainWindow = .zero
            app.logger.logLevel = .critical
        }
    }

    /// Their publishers went on without waiting; they have receipts.
    @Test func `a shutdown ends when the store has what was handed to it`() async throws {
        let app = Serving()
        // A slow disk, in real time: the store has a thread of its own, and a shutdown its own clock.
        app.store.onAppend { usleep(100_000) }
        let server = try await Server.start(app, at: .init(port: 0), threads: 1)
        let hub = try #require(app.hub.withLock { $0 })
        for index in 0..<50 { try hub.post(data: "\(index)", to: .everyone) }
        await server.shutDown()
        #expect(app.store.events.map(\.data) == (0..<50).map(String.init))
    }
}
