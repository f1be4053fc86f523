import EventModel
import MartletCore
import MartletEventStream
import MartletTesting
import Synchronization
import Testing

/// Actions that return a sequence, of events, of texts or of values: the three are the same.
@Suite struct ReturnedSequenceTests {
    @Controller
    struct SequenceController {
        let source: Source

        @GET func integers(_ ctx: Context) -> AsyncStream<Int> { source.stream(ctx.clock) { $0 } }
        @GET func texts(_ ctx: Context) -> AsyncStream<String> { source.stream(ctx.clock) { "\($0)" } }
        @GET func events(_ ctx: Context) -> AsyncStream<ServerSentEvent> {
            source.stream(ctx.clock) { ServerSentEvent(data: "\($0)") }
        }
    }

    /// Gives elements as they are asked for: one, then as many as there is time for, up to twenty.
    final class Source: Sendable {
        let pulled = Atomic(0)
        let wasCancelled = Atomic(false)

        func stream<Element: Sendable>(
            _ clock: any Clock<Duration>, _ make: @escaping @Sendable (Int) -> Element
        ) -> AsyncStream<Element> {
            let last = Mutex(0)
            return AsyncStream {
                self.pulled.add(1, ordering: .relaxed)
                let number = last.withLock { last in
                    last += 1
                    return last
                }
                if number == 2 { try? await clock.sleep(for: .seconds(1)) }
                return number <= 20 ? make(number) : nil
            } onCancel: {
                self.wasCancelled.store(true, ordering: .relaxed)
            }
        }
    }

    private let host: TestHost
    private let source = Source()

    init() throws { host = try Self.host(source) }

    private static func host(
        _ source: Source = Source(), _ configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws -> TestHost {
        try TestHost(controllers: SequenceController.self) { app in
            app.logger.logLevel = .critical
            app.services.add(source)
            try configure(&app)
        }
    }

    @Test(arguments: ["integers", "texts", "events"])
    func `a returned sequence is read no faster than its client reads, and not after it has gone`(
        action: String
    ) async throws {
        let stream = try await host.client().stream("/sequence/\(action)")
        try await stream.expect("message", data: "1")
        await stream.stall()
        await host.advance(by: .seconds(1))
        try await stream.none()
        // The one that waits.
        let pulled = source.pulled.load(ordering: .relaxed)
        #expect(pulled == 2)
        await stream.resume()
        for number in 2...20 { try await stream.expect("message", data: "\(number)") }
        #expect(await stream.hasEnded)
        source.pulled.store(0, ordering: .relaxed)
        let second = try await host.client().stream("/sequence/\(action)")
        try await second.expect("message", data: "1")
        await second.disconnect()
        let wasCancelled = source.wasCancelled.load(ordering: .relaxed)
        #expect(wasCancelled)
        let pulledAgain = source.pulled.load(ordering: .relaxed)
        #expect(pulledAgain == 2)
    }

    @Test(arguments: ["integers", "texts", "events"])
    func `a returned sequence waits for a store that has fallen behind`(action: String) async throws {
        let store = FakeStore()
        let host = try Self.host { app in
            app.events.store = store
            app.limits.maxStoreBacklogEvents = 1
        }
        var streams: [TestStream] = []
        for _ in 0..<4 { streams.append(try await host.client().stream("/sequence/\(action)")) }
        store.isBlocked = true
        try host.application.sse.post(ServerSentEvent(event: "first", data: ""), to: .everyone)
        let time = Task { await host.advance(by: .seconds(1)) }
        store.isBlocked = false
        await time.value
        for stream in streams {
            let events = await stream.pending()
            #expect(events.contains { $0.event == "first" })
            #expect(!events.contains { $0.event == "martlet.error" })
            #expect(await stream.hasEnded)
        }
    }
}
