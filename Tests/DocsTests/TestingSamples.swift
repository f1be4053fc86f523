import Martlet
import MartletClient
import MartletTesting
import NIOCore
import Testing

@Suite struct TestingSamples {
    private struct Line: Decodable {
        let user: String
        let msg: String
    }

    // MARK: - Hosts and clients

    @Test func anotherMailerForTheTest() async throws {
        let mailbox = Mailbox()
        let host = try TestHost(controllers: InviteController.self, services: mailbox, Transaction())
        try await host.client().post(InviteController.links.send(), form: ["address": "ada@example.com"]).expect(.ok)
        #expect(mailbox.addresses == ["ada@example.com"])
    }

    @Test func anotherMailerForTheWholeApp() async throws {
        let mailbox = Mailbox()
        let host = try TestHost(InviteApp()) { app in
            app.services.add(mailbox, as: (any Mailer).self)
        }
        try await host.client().post(InviteController.links.send(), form: ["address": "ada@example.com"])
        #expect(mailbox.addresses == ["ada@example.com"])
    }

    @Test func aClientIsWhoeverTheTestWants() async throws {
        let host = try TestHost(RoomsApp())
        let visitor = host.client()
        let ada = try await host.client(user: "ada")
        let bob = try await host.client(session: ["user_id": "bob", "role": "admin"])
        let robot = host.client(headers: [.authorization: "Bearer secret"])
        let line: KeyValuePairs = ["room": "lobby", "text": "hello"]
        for client in [ada, bob] { try await client.post(RoomsController.links.say(), form: line).expect(.ok) }
        for client in [visitor, robot] {
            try await client.post(RoomsController.links.say(), form: line).expect(.unauthorized)
        }
    }

    @Test func requestsOfEveryKind() async throws {
        let host = try TestHost(
            controllers: BookController.self, FileController.self, ParameterController.self, OrderController.self)
        let client = host.client()
        let links = BookController.links
        try await client.post(links.create(), form: ["title": "Dune"]).expect(.created)
        try await client.put(links.update(id: 7), json: ["title": "Dune"]).expect(.ok, text: "book 7 is now Dune")
        let photo = TestFile("a.png", type: "image/png", bytes: [1, 2, 3])
        try await client.post(FileController.links.upload(), files: ["photo": photo]).expect(.ok)
        try await client.request(.post, FileController.links.upload(), body: ByteBuffer(string: "12345")).expect(.ok)
        try await client.options(links.show(id: 7)).expect(header: .allow, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS")
        #expect(try await client.get(links.bestSellers()).json([String].self) == ["Dune"])
    }

    @Test func actionsByName() async throws {
        let host = try TestHost(controllers: BookController.self, ParameterController.self)
        try await host.call("Book@show", ["id": 7]).expect(.ok, text: "book 7")
        try await host.call("Book@update", ["id": 7, "title": "Dune"]).expect(.ok, text: "book 7 is now Dune")
        try await host.call("Parameter@search", ["text": "swift", "page": 2, "tags": ["a", "b"]])
            .expect(.ok, text: #"swift, page 2, any order, ["a", "b"]"#)
    }

    @Test func aFailureShowsTheResponse() async throws {
        let host = try TestHost(controllers: OrderController.self)
        let error = await #expect(throws: UnexpectedResponse.self) {
            try await host.client().get(OrderController.links.show(id: 0)).expect(.ok)
        }
        #expect(try #require(error).description.contains("Expected 200 OK.\nGET /order/0 → 409 Conflict\n"))
        #expect(error?.response?.status == .conflict)
    }

    // MARK: - Streams

    @Test func nobodyListensWithoutASession() async throws {
        let host = try TestHost(controllers: ChatController.self, services: Room(), middleware: Sessions(.memory))
        let refusal = await #expect(throws: UnexpectedResponse.self) {
            try await host.client().stream(ChatController.links.stream())
        }
        #expect(refusal?.response?.status == .unauthorized)
    }

    @Test func whoComesBackGetsWhatWasSaid() async throws {
        let host = try TestHost(RoomsApp())
        let ada = try await host.client(user: "ada")
        let stream = try await ada.stream(RoomsController.links.stream(room: "lobby"))
        try await stream.none()

        try await ada.post(RoomsController.links.say(), form: ["room": "lobby", "text": "hello"])
        let said = try await stream.next().typed(ChatEvent.self)
        #expect(said == .said(user: "ada", text: "hello"))

        await stream.disconnect()
        try await ada.post(RoomsController.links.say(), form: ["room": "lobby", "text": "anyone?"])
        let again = try await stream.reconnect()
        try await again.expect("martlet.resume", data: #"{"verdict":"resumed"}"#)
        try await again.expect("said", data: #"{"text":"anyone?","user":"ada"}"#)
        try await again.none()
    }

    // MARK: - Time

    @Test func aTaskOfFiveSecondsTakesNoTime() async throws {
        let host = try TestHost(controllers: TaskController.self)
        let stream = try await host.client().stream(
            TaskController.links.runTask(), method: .post, form: ["task_id": "7"])
        #expect(await stream.pending().count == 1)
        await host.advance(by: .seconds(6))
        #expect(await stream.pending().contains { $0.event == "complete" })
        #expect(await stream.hasEnded)
    }

    @Test func silenceIsBrokenByAHeartbeat() async throws {
        let host = try TestHost(controllers: LoungeController.self, middleware: Sessions(.memory))
        let stream = try await host.client(user: "Ada").stream(LoungeController.links.stream())
        await host.clock.advance(by: .seconds(15))
        #expect(await stream.commentCount == 1)
    }

    @Test func realTimePassesByItself() async throws {
        let host = try TestHost(controllers: MonitorController.self, time: .live)
        let stream = try await host.stream(MonitorController.links.monitor())
        for id in ["1", "2"] { #expect(try await stream.next().lastEventID == id) }
    }

    // MARK: - Sockets

    @Test func aCutInTheMiddleOfAnEventLosesNothing() async throws {
        let host = try TestHost(controllers: LoungeController.self, middleware: Sessions(.memory), over: .loopback)
        let ada = try await host.client(user: "ada")
        let link = try await FaultyLink(to: host.address)
        var configuration = EventSource.Configuration()
        configuration.headers = { [cookies = ada.cookies] in
            [.cookie: cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")]
        }
        configuration.retryRange = .milliseconds(10)...(.milliseconds(10))
        configuration.backoff = .none
        let source = EventSource("\(link.address)/lounge/stream", configuration: configuration)
        var lines: [String] = []
        for try await event in source.events {
            if event.event == "system", lines.isEmpty {
                link.cut(afterBytes: 30)
                for text in ["one", "two", "three"] {
                    try await ada.post(LoungeController.links.say(), form: ["message": text])
                }
            }
            if event.event == "message" { lines.append(event.data) }
            if lines.count == 3 { source.close() }
        }
        #expect(lines == ["one", "two", "three"].map { #"{"text":"\#($0)","user":"ada"}"# })
        #expect(link.connectionCount == 2)
    }

    // MARK: - Snapshots

    @Test func theRoutesAreWhatTheyWere() throws {
        let host = try TestHost(controllers: LoungeController.self)
        try Snapshot.expect(
            host.routeTable,
            """
            POST  /lounge/say     Lounge@say
            GET   /lounge/stream  Lounge@stream
            """)
    }

    @Test func theStreamIsWhatItWas() async throws {
        let host = try TestHost(controllers: EventsController.self, NotificationController.self)
        let stream = try await host.stream(EventsController.links.index())
        try await host.call("Notification@broadcast", ["message": "hi"])
        try Snapshot.expect(
            await stream.transcript,
            """
            event: message
            id: 1
            data: Hello World

            event: data
            id: 2
            data: {"status":"ok","time":"<time>"}

            event: notification
            id: <id 1>
            data: hi
            """)
    }
}
