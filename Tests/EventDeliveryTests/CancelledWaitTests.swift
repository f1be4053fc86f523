import EventModel
import MartletEventStream
import MartletTesting
import Synchronization
import Testing

@testable import MartletCore

/// Calls that wait for readers or for the store end with their task.
@Suite(.timeLimit(.minutes(1))) struct CancelledWaitTests {
    @Controller("slow")
    struct SlowController {
        let clients: Clients

        @GET func dropping(_ ctx: Context) -> EventStream { open(["dropping"], ctx) }
        @GET func holding(_ ctx: Context) -> EventStream { open(["holding"], ctx) }

        private func open(_ topics: [Topic], _ ctx: Context) -> EventStream {
            ctx.sse.open(topics: topics) { [clients] client in clients.last.withLock { $0 = client } }
        }
    }

    final class Clients: Sendable {
        let last = Mutex<EventClient?>(nil)
    }

    private let clients = Clients()
    private static let text = String(repeating: "x", count: 1024)

    private func host(_ transport: Transport) throws -> TestHost {
        try TestHost(controllers: SlowController.self, services: clients, over: transport) { app in
            app.limits.maxStreamBacklogBytes = 8 * 1024
            try app.events.topic("dropping") { $0.slowReaders = .dropOldest }
            try app.events.topic("holding") { $0.slowReaders = .suspendPublisher }
        }
    }

    @Test(arguments: Transport.allCases)
    func `who waits until a client reads`(_ transport: Transport) async throws {
        let host = try host(transport)
        let stream = try await host.stream("/slow/dropping")
        await stream.stall()
        for _ in 1...400 { try await host.application.sse.publish(data: Self.text, to: "dropping") }
        let client = try #require(clients.last.withLock { $0 })
        let waiting = Task { try await client.whenWritable() }
        for _ in 0..<100 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        // The stream is as it was.
        #expect(client.isConnected)
        await stream.resume()
        try await client.whenWritable()
    }

    @Test(arguments: Transport.allCases)
    func `who publishes and waits for slow readers`(_ transport: Transport) async throws {
        let host = try host(transport)
        let hub = host.application.sse
        let stream = try await host.stream("/slow/holding")
        await stream.stall()
        let publisher = Task { while true { try await hub.publish(data: Self.text, to: "holding") } }
        while hub.state.withLock({ !$0.gate.isHeld("holding") || $0.gate.waitingCount == 0 }) { await Task.yield() }
        publisher.cancel()
        await #expect(throws: CancellationError.self) { try await publisher.value }
        #expect(hub.state.withLock { $0.gate.waitingCount } == 0)
    }

    @Test func `who publishes and waits for the store's answer, and the event goes its way`() async throws {
        let store = FakeStore()
        let host = try TestHub { $0.store = store }
        let hub = host.hub
        store.isBlocked = true
        let publisher = Task { try await hub.publish(data: "kept", to: .everyone) }
        while !hub.isStoring { await Task.yield() }
        publisher.cancel()
        await #expect(throws: CancellationError.self) { try await publisher.value }
        store.isBlocked = false
        host.run()
        #expect(store.events.map(\.data) == ["kept"])
    }
}
