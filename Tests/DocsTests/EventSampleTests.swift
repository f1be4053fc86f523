import HTTPTypes
import Martlet
import MartletTesting
import Testing

/// The samples about topics, history and control of streams.
@Suite struct EventSampleTests {
    private func signedIn(_ user: String, _ host: TestHost) async throws -> TestClient {
        let client = host.client()
        try await client.post("/test-login", form: ["user_id": user, "username": user])
        return client
    }

    @Test func whoComesBackGetsWhatWasSaid() async throws {
        let host = try TestHost(RoomsApp())
        let ada = try await signedIn("ada", host)
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

    @Test func aRoomIsForThoseWhoMayReadIt() async throws {
        let host = try TestHost(RoomsApp())
        let ada = try await signedIn("ada", host)
        for (room, status) in [("cellar", HTTPResponse.Status.forbidden), ("*", .badRequest), ("lobby/x", .badRequest)]
        {
            let refusal = await #expect(throws: UnexpectedResponse.self) {
                try await ada.stream(RoomsController.links.stream(room: room))
            }
            #expect(refusal?.response?.status == status)
        }
        #expect(try await ada.get("/visits").text == #"{"now":0}"#)
        #expect(
            try await ada.request(.post, RoomsController.links.say(), form: ["room": "*", "text": "hi"]).status
                == .notFound)
        let stream = try await ada.stream(RoomsController.links.stream(room: "lobby"))
        #expect(try await ada.get("/visits").text == #"{"now":1}"#)
        #expect(try await ada.get(RoomsController.links.users(room: "lobby")).text == #"["ada"]"#)
        await stream.disconnect()
        #expect(try await ada.get("/visits").text == #"{"now":0}"#)
        #expect(try await ada.get(RoomsController.links.users(room: "lobby")).text == "[]")
    }

    @Test func aNewReaderGetsTheLastLines() async throws {
        let host = try TestHost(RoomsApp())
        let ada = try await signedIn("ada", host)
        for line in 1...30 {
            try await ada.post(RoomsController.links.say(), form: ["room": "garden", "text": "\(line)"])
        }
        let lines = await (try ada.stream(RoomsController.links.stream(room: "garden"))).pending()
        #expect(lines.count == 20)
        #expect(try lines.first?.typed(ChatEvent.self) == .said(user: "ada", text: "11"))
    }

    @Test func theSchemaNamesTheEventsAndTheirMembers() async throws {
        let schema = try await TestHost(controllers: ChatSchemaController.self).client().get("/chat-schema")
        #expect(schema.text == #"{"joined":{"user":"String"},"said":{"text":"String","user":"String"}}"#)
    }

    @Test func aSlowReaderGetsTheLatestPrice() async throws {
        // Three events are too few to fill a socket.
        let host = try TestHost(PricesApp(), over: .inProcess)
        let client = host.client()
        let stream = try await client.stream(PricesController.links.stream())
        await stream.stall()
        for price in ["1", "2", "3"] {
            try await client.post(PricesController.links.set(), form: ["name": "tea", "price": price])
        }
        await stream.resume()
        #expect(try await stream.expect("martlet.gap").json(Gap.self).count == 2)
        try await stream.expect("tea", data: #"{"price":3}"#)
        try await stream.none()
    }

    private struct Gap: Decodable {
        let count: Int
    }

    @Test func anExportReportsAndEnds() async throws {
        let host = try TestHost(controllers: ExportController.self)
        let stream = try await host.client().stream("/export/run")
        await host.advance(by: .milliseconds(50))
        try await stream.expect("progress", data: #"{"percent":2,"row":"1"}"#)
        await host.advance(by: .seconds(2))
        let last = try #require(await stream.pending().last)
        #expect(last.event == "complete" && last.data == #"{"status":"done"}"#)
        #expect(await stream.hasEnded)
    }

    @Test func aStreamThatIsNotRefreshedEnds() async throws {
        let host = try TestHost(InboxApp())
        let ada = try await signedIn("ada", host)
        let stream = try await ada.stream("/inbox/stream")
        let id = try #require(host.application.sse.clients.first?.id)
        try await stream.expect("martlet.expiry", data: #"{"client":\#(id),"seconds":900}"#)

        await host.advance(by: .seconds(800))
        let refreshed = try await ada.post("/events/refresh", form: ["client": "\(id)"])
        #expect(refreshed.text == #"{"code":0,"msg":"","data":{"seconds":900}}"#)
        let bob = try await signedIn("bob", host)
        let refusal = try await bob.request(.post, "/events/refresh", form: ["client": "\(id)"])
        #expect(refusal.status == .forbidden)

        await host.advance(by: .seconds(800))
        #expect(await !stream.hasEnded)
        await host.advance(by: .seconds(101))
        try await stream.expect("martlet.expired", data: #"{"client":\#(id)}"#)
        #expect(await stream.hasEnded)
    }

    @Test func operatorsSeeAndCloseStreams() async throws {
        let host = try TestHost(InboxApp())
        let ada = try await signedIn("ada", host)
        let stream = try await ada.stream("/inbox/stream")
        #expect(try await ada.request(.get, "/admin/events").status == .forbidden)
        let admin = try await signedIn("admin", host)
        #expect(try await admin.get("/admin/events").text.contains(#""streamsByUser":{"ada":1}"#))
        let reply = try await admin.post("/admin/events/close", form: ["user": "ada", "reconnect": "false"])
        #expect(reply.text == #"{"closed":1}"#)
        #expect(await stream.pending().last?.event == "martlet.close")
        let refusal = await #expect(throws: UnexpectedResponse.self) { try await stream.reconnect() }
        #expect(refusal?.response?.status == .noContent)
    }
}
