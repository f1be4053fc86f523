import Martlet
import MartletTesting
import Testing

@Controller("hub")
struct HubController {
    let journal: Journal

    @GET func open(user: String?, _ ctx: Context) -> EventStream {
        ctx.sse.open(user: user) { [journal] client in
            journal.note("open \(client.user ?? "-")")
        } onClose: { [journal] client in
            journal.note("close \(client.user ?? "-")")
        }
    }
    /// Sends between `open` and the first byte.
    @GET func eager(_ ctx: Context) throws -> EventStream {
        let stream = ctx.sse.open { client in
            for n in 1...3 { try client.send(data: "\(n)") }
            try client.send(data: "last")
        }
        try ctx.sse.post(data: "before it was opened", to: .everyone)
        return stream
    }
    @GET func ending(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            try client.send(data: "1")
            client.close()
            try client.send(data: "2")
        } onClose: { [journal] _ in
            journal.note("close")
        }
    }
    @GET func failing(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            try client.send(data: "1")
            throw HTTPError(.conflict)
        } onClose: { [journal] _ in
            journal.note("close")
        }
    }
    @GET func ticking(_ ctx: Context) -> EventStream {
        ctx.sse.stream { [journal] client in
            do {
                for n in 1... {
                    try await client.whenWritable()
                    try client.send(data: "\(n)")
                    try await ctx.clock.sleep(for: .seconds(1))
                }
            } catch {
                journal.note("cancelled \(error is CancellationError) \(client.isConnected)")
                throw error
            }
        }
    }
    @GET func refused(_ ctx: Context) throws -> EventStream {
        _ = ctx.sse.open()
        throw HTTPError(.unauthorized)
    }
}

/// What `ctx.sse` promises.
@Suite struct EventHubTests {
    let journal = Journal()
    let host: TestHost
    var hub: EventHub { host.application.sse }

    init() throws {
        let journal = journal
        host = try TestHost(controllers: HubController.self) {
            $0.services.add(journal)
            $0.limits.heartbeatJitter = 0
        }
    }

    private func open(_ user: String? = nil) async throws -> TestStream {
        try await host.client().stream("/hub/open" + (user.map { "?user=\($0)" } ?? ""))
    }

    private func texts(_ stream: TestStream) async -> [String] { await stream.pending().map(\.data) }

    @Test func `a broadcast reaches all, in the order it was sent`() async throws {
        let streams = [try await open(), try await open(), try await open("ann")]
        for n in 1...5 { #expect(try await hub.publish(data: "\(n)", to: .everyone).clientCount == 3) }
        for stream in streams { #expect(await texts(stream) == ["1", "2", "3", "4", "5"]) }
    }

    @Test func `a message to one reaches only that one`() async throws {
        let streams = [try await open(), try await open()]
        let ids = hub.clients.map(\.id)
        #expect(ids.count == 2)
        #expect(try hub.send(event: "e", data: ["a": 1], id: "9", to: ids[1]))
        #expect(await streams[1].pending().map { [$0.event, $0.data, $0.lastEventID] } == [["e", #"{"a":1}"#, "9"]])
        #expect(await texts(streams[0]) == [])
    }

    @Test func `a message to a user reaches all of the user's streams`() async throws {
        let (first, second, other) = (try await open("ann"), try await open("ann"), try await open("bob"))
        #expect(hub.isConnected(user: "ann"))
        #expect(try await hub.publish(data: "hi", to: .user("ann")).clientCount == 2)
        #expect(try await hub.publish(data: "hi", to: .user("eve")).clientCount == 0)
        #expect(await texts(first) == ["hi"])
        #expect(await texts(second) == ["hi"])
        #expect(await texts(other) == [])
        await first.disconnect()
        #expect(hub.isConnected(user: "ann"))
        await second.disconnect()
        #expect(!hub.isConnected(user: "ann"))
    }

    @Test func `streams are counted from the response to the end`() async throws {
        #expect(hub.clientCount == 0)
        let first = try await open()
        _ = try await open()
        #expect(hub.clientCount == 2)
        await first.disconnect()
        #expect(hub.clientCount == 1)
        #expect(try await host.client().get("/hub/refused").status == .unauthorized)
        #expect(try await host.client().request(.head, "/hub/open").status == .ok)
        #expect(hub.clientCount == 1)
    }

    @Test func `what is sent between open and the first byte arrives in order`() async throws {
        let stream = try await host.client().stream("/hub/eager")
        try await hub.publish(data: "after", to: .everyone)
        #expect(await texts(stream) == ["1", "2", "3", "last", "after"])
    }

    @Test func `closing one ends it behind what was sent`() async throws {
        let (first, second) = (try await open("a"), try await open("b"))
        let id = try #require(hub.clients.first?.id)
        try hub.send(data: "bye", to: id)
        #expect(hub.closeClient(id))
        #expect(!hub.closeClient(id))
        #expect(!hub.isConnected(id))
        #expect(try !hub.send(data: "too late", to: id))
        #expect(await texts(first) == ["bye"])
        #expect(await first.hasEnded)
        #expect(await second.hasEnded == false)
        #expect(hub.clientCount == 1)
    }

    @Test func `closing all ends all, and new streams can be opened`() async throws {
        let streams = [try await open(), try await open()]
        #expect(hub.closeAll() == 2)
        #expect(hub.closeAll() == 0)
        for stream in streams { #expect(await stream.hasEnded) }
        #expect(hub.clientCount == 0)
        let later = try await open()
        try await hub.publish(data: "hello", to: .everyone)
        #expect(await texts(later) == ["hello"])
    }

    @Test func `onClose runs exactly once, whoever ends the stream`() async throws {
        let left = try await open("left")
        await left.disconnect()
        await left.disconnect()
        let closed = try await open("closed")
        hub.closeAll()
        #expect(await closed.hasEnded)
        await closed.disconnect()
        hub.closeAll()
        #expect(await closed.hasEnded)
        #expect(journal.all == ["open left", "close left", "open closed", "close closed"])
    }

    @Test(arguments: ["ending", "failing"])
    func `a body that closes or fails ends its stream`(target: String) async throws {
        let stream = try await host.client().stream("/hub/\(target)")
        let error = #"{"status":409,"title":"Conflict"}"#
        #expect(await texts(stream) == (target == "failing" ? ["1", error] : ["1"]))
        #expect(await stream.hasEnded)
        #expect(journal.all == ["close"])
        #expect(hub.clientCount == 0)
    }

    @Test func `a body is cancelled when its client leaves`() async throws {
        let stream = try await host.client().stream("/hub/ticking")
        await host.advance(by: .seconds(2))
        #expect(await texts(stream) == ["1", "2", "3"])
        await stream.disconnect()
        #expect(journal.all == ["cancelled true false"])
    }

    @Test func `a silent stream has a heartbeat each interval, one that is written to has none`() async throws {
        let (silent, busy) = (try await open(), try await host.client().stream("/hub/ticking"))
        let atOpen = (await silent.commentCount, await busy.commentCount)
        await host.advance(by: .seconds(14))
        #expect(await silent.commentCount == atOpen.0)
        await host.advance(by: .seconds(31))
        #expect(await silent.commentCount - atOpen.0 == 3)
        #expect(await busy.commentCount == atOpen.1)
        #expect(await busy.pending().count == 46)
    }

    @Test(arguments: ["a\nb", "a\r", "a\r\nevent: x"])
    func `what could forge an event throws to the sender and reaches nobody`(text: String) async throws {
        let stream = try await open("ann")
        let id = try #require(hub.clients.first?.id)
        #expect(throws: EventEncodingError.lineBreakInEventName) { try hub.post(event: text, data: "", to: .everyone) }
        #expect(throws: EventEncodingError.lineBreakInID) { try hub.send(data: "", id: text, to: id) }
        #expect(throws: EventEncodingError.lineBreakInEventName) {
            try hub.post(event: text, data: "", to: .user("ann"))
        }
        try await hub.publish(data: text, to: .everyone)
        #expect(await stream.pending().count == 1)
    }
}
