import MartletCore
import MartletEventStream
import MartletTesting
import Synchronization
import Testing

/// Streams with a body of their own: how they end for good, and what they get meanwhile.
@Suite struct FiniteStreamTests {
    @Controller("finite")
    struct FiniteController {
        @GET func once(_ ctx: Context) -> EventStream {
            ctx.sse.stream(reconnect: false) { try $0.send(data: "over", id: "7") }
        }
        @GET func again(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "over") } }
        @GET func broken(_ ctx: Context) -> EventStream {
            ctx.sse.stream(reconnect: false) { _ in throw HTTPError(.conflict) }
        }
        @GET("broken-again") func brokenAgain(_ ctx: Context) -> EventStream {
            ctx.sse.stream { _ in throw HTTPError(.conflict) }
        }
        @GET func progress(_ ctx: Context) -> EventStream { ctx.sse.progress { try $0.report(50) } }
        @GET("broken-progress") func brokenProgress(_ ctx: Context) -> EventStream {
            ctx.sse.progress { _ in throw HTTPError(.conflict) }
        }
        @GET func texts(_ ctx: Context) -> EventStream { ctx.sse.stream(of: Self.sequence("over"), reconnect: false) }
        @GET func values(_ ctx: Context) -> EventStream { ctx.sse.stream(of: Self.sequence(7), reconnect: false) }
        @GET func events(_ ctx: Context) -> EventStream {
            ctx.sse.stream(of: Self.sequence(ServerSentEvent(event: "e", data: "over")), reconnect: false)
        }
        @GET func returned() -> AsyncStream<String> { Self.sequence("over") }

        /// Goes on until it is told to end.
        @GET func watch(topic: String, pattern: String = "", isShared: Bool = true, _ ctx: Context) throws
            -> EventStream
        {
            let patterns = pattern.isEmpty ? [] : [try TopicPattern(pattern)]
            return ctx.sse.stream(
                topics: [Topic(topic)], patterns: patterns, user: "ada", takesBroadcasts: isShared, reconnect: false,
                replay: .all
            ) { [clock = ctx.clock] client in
                try client.send(event: "begun", data: "1")
                try await clock.sleep(for: .seconds(10))
                try client.send(event: "done", data: "2")
            }
        }
        @GET func secluded(_ ctx: Context) -> EventStream {
            ctx.sse.open(topics: ["t"], user: "ada", takesBroadcasts: false, replay: .all)
        }
        @GET func open(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["t"]) }
        @GET func working(_ ctx: Context) -> EventStream {
            ctx.sse.progress { [clock = ctx.clock] _ in try await clock.sleep(for: .seconds(10)) }
        }
        @GET("shared-working") func sharedWorking(_ ctx: Context) -> EventStream {
            ctx.sse.progress(takesBroadcasts: true) { [clock = ctx.clock] _ in try await clock.sleep(for: .seconds(10))
            }
        }

        private static func sequence<Element: Sendable>(_ element: Element) -> AsyncStream<Element> {
            AsyncStream { elements in
                elements.yield(element)
                elements.finish()
            }
        }
    }

    private final class Counter: Sendable { let value = Mutex(0) }

    private static func host(
        _ transport: Transport, _ configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws -> TestHost {
        try TestHost(controllers: FiniteController.self, over: transport) { app in
            app.logger.logLevel = .critical
            try configure(&app)
        }
    }

    /// 204 where a client is to stay away; nil where its stream began anew.
    private func answer(toReturnOf stream: TestStream) async throws -> Int? {
        do {
            let next = try await stream.reconnect()
            await next.disconnect()
            return nil
        } catch let error as UnexpectedResponse {
            return try #require(error.response).status.code
        }
    }

    @Test(
        arguments: [
            ("once", ["message", "martlet.close"]), ("broken", ["martlet.error"]),
            ("progress", ["progress", "complete"]), ("broken-progress", ["martlet.error"]),
            ("texts", ["message", "martlet.close"]), ("values", ["message", "martlet.close"]),
            ("events", ["e", "martlet.close"]),
        ], Transport.allCases)
    func `who has the last event of a stream that ends for good stays away`(
        _ stream: (path: String, events: [String]), _ transport: Transport
    ) async throws {
        let opened = try await Self.host(transport).client().stream("/finite/\(stream.path)")
        #expect(await opened.pending().map(\.event) == stream.events)
        #expect(await opened.hasEnded)
        #expect(opened.lastEventID == "martlet.closed")
        #expect(try await answer(toReturnOf: opened) == 204)
    }

    @Test(arguments: ["again", "broken-again", "returned"], Transport.allCases)
    func `any other finite stream begins anew`(_ path: String, _ transport: Transport) async throws {
        let stream = try await Self.host(transport).client().stream("/finite/\(path)")
        #expect(await stream.pending().count == 1)
        #expect(await stream.hasEnded)
        #expect(try await answer(toReturnOf: stream) == nil)
    }

    @Test(arguments: Transport.allCases)
    func `who was cut off before the end comes back`(_ transport: Transport) async throws {
        let host = try Self.host(transport)
        let stream = try await host.client().stream("/finite/watch?topic=t")
        try await stream.expect("begun")
        await stream.disconnect()
        #expect(try await answer(toReturnOf: stream) == nil)
        // A server that closes it has not finished it.
        let other = try await host.client().stream("/finite/watch?topic=t")
        host.application.sse.closeAll()
        #expect(await other.pending().map(\.event) == ["begun"])
        #expect(try await answer(toReturnOf: other) == nil)
    }

    @Test(arguments: Transport.allCases)
    func `a stream with a body gets its topics as well`(_ transport: Transport) async throws {
        let host = try Self.host(transport)
        let hub = host.application.sse
        try await hub.publish(data: "before", to: "t")
        let stream = try await host.client().stream("/finite/watch?topic=t&pattern=p/*")
        #expect(hub.clients(on: "t").count == 1)
        try await hub.publish(data: "a", to: "t")
        try await hub.publish(data: "b", to: "p/1")
        try await hub.publish(data: "c", to: "other")
        try await hub.publish(data: "d", to: .everyone)
        try await hub.publish(data: "e", to: .user("ada"))
        let datas = await stream.pending().map(\.data)
        #expect(Set(datas.prefix(2)) == ["before", "1"])
        #expect(datas.dropFirst(2) == ["a", "b", "d", "e"])
        await host.advance(by: .seconds(10))
        #expect(await stream.pending().map(\.event) == ["done", "martlet.close"])
        #expect(await stream.hasEnded)
        #expect(hub.clients(on: "t").isEmpty)
    }

    @Test(arguments: Transport.allCases)
    func `its topics are authorised before the body runs`(_ transport: Transport) async throws {
        let host = try Self.host(transport) { try $0.events.authorize("t") { _, _ in false } }
        await #expect(throws: UnexpectedResponse.self) { try await host.client().stream("/finite/watch?topic=t") }
        #expect(host.application.sse.clientCount == 0)
    }

    @Test(arguments: Transport.allCases)
    func `a stream that takes no broadcasts gets all else`(_ transport: Transport) async throws {
        let host = try Self.host(transport)
        let hub = host.application.sse
        try await hub.publish(data: "past", to: .everyone)
        let secluded = try await host.client().stream("/finite/secluded")
        let body = try await host.client().stream("/finite/watch?topic=t&isShared=false")
        let working = try await host.client().stream("/finite/working")
        let shared = try await host.client().stream("/finite/shared-working")
        let open = try await host.client().stream("/finite/open")
        #expect(try await hub.publish(data: "all", to: .everyone).clientCount == 2)
        #expect(try await hub.publish(data: "topic", to: "t").clientCount == 3)
        #expect(try await hub.publish(data: "user", to: .user("ada")).clientCount == 2)
        #expect(await secluded.pending().map(\.data) == ["topic", "user"])
        #expect(await body.pending().map(\.data) == ["1", "topic", "user"])
        #expect(await open.pending().map(\.data) == ["all", "topic"])
        #expect(await shared.pending().map(\.data) == ["all"])
        try await working.none()
        #expect(await hub.statistics.loops.map(\.delivered).reduce(0, +) >= 7)
        // Nor does it when it comes back, and nothing of that is missed.
        await secluded.disconnect()
        try await hub.publish(data: "away", to: .everyone)
        try await hub.publish(data: "kept", to: "t")
        let back = try await secluded.reconnect()
        try await back.expect("martlet.resume", data: #"{"verdict":"resumed"}"#)
        #expect(await back.pending().map(\.data) == ["kept"])
        // When those that took none are gone, the rest get theirs.
        for stream in [back, body, working] { await stream.disconnect() }
        #expect(try await hub.publish(data: "last", to: .everyone).clientCount == 2)
        #expect(await open.pending().map(\.data) == ["away", "kept", "last"])
    }

    @Test(arguments: Transport.allCases)
    func `the hooks are given the hub`(_ transport: Transport) async throws {
        let plain = Counter()
        let host = try Self.host(transport) { app in
            app.events.onJoin { client, hub in
                _ = try? hub.post(event: "joined", data: "\(hub.clients(on: "t").count)", to: "t")
                _ = try? hub.send(event: "welcome", data: "you", to: client.id)
            }
            app.events.onLeave { client, hub in
                _ = try? hub.post(event: "left", data: "\(hub.isConnected(client.id)) \(hub.clientCount)", to: "t")
            }
            app.events.onJoin { _ in plain.value.withLock { $0 += 1 } }
            app.events.onLeave { _ in plain.value.withLock { $0 += 10 } }
        }
        let first = try await host.client().stream("/finite/open")
        #expect(await first.pending().map { "\($0.event) \($0.data)" } == ["joined 1", "welcome you"])
        let second = try await host.client().stream("/finite/open")
        #expect(await second.pending().map { "\($0.event) \($0.data)" } == ["joined 2", "welcome you"])
        await second.disconnect()
        #expect(await first.pending().map { "\($0.event) \($0.data)" } == ["joined 2", "left false 1"])
        #expect(plain.value.withLock { $0 } == 12)
    }
}
