import Martlet
import MartletTesting
import NIOCore
import Testing

/// What a client sends, the same by a call and over a socket.
@Suite struct TestClientTests {
    @Test(arguments: Transport.allCases)
    func `every verb has its function`(_ transport: Transport) async throws {
        let client = try TestHost.workshop(transport).client()
        let target = "/workshop/echo"
        let answers = [
            try await client.get(target), try await client.post(target), try await client.put(target),
            try await client.patch(target), try await client.delete(target), try await client.head(target),
        ]
        #expect(answers.map { $0.headers[.cacheControl] } == ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
        #expect(try await client.options("/workshop/greet").headers[.allow] == "GET, HEAD, OPTIONS")
    }

    @Test(arguments: Transport.allCases)
    func `forms, JSON and files are sent as a browser sends them`(_ transport: Transport) async throws {
        let client = try TestHost.workshop(transport).client()
        let form = try await client.put("/workshop/echo", form: ["a b": "c&d", "é": "~"])
        #expect(form.headers[.contentType] == "application/x-www-form-urlencoded")
        #expect(form.text == "a%20b=c%26d&%C3%A9=~")
        let json = try await client.patch("/workshop/echo", json: ["a": 1])
        #expect(json.headers[.contentType] == "application/json")
        #expect(json.text == #"{"a":1}"#)
        let files = try await client.post(
            "/workshop/echo", form: ["title": "ä"],
            files: ["plan": TestFile("plan\".txt", text: "measure"), "photo": TestFile("a.png", bytes: [0, 255])])
        let type = try #require(files.headers[.contentType])
        let boundary = try #require(type.split(separator: "boundary=").last)
        var expected = ByteBuffer(string: "--\(boundary)\r\n")
        expected.writeString("Content-Disposition: form-data; name=\"title\"\r\n\r\nä\r\n--\(boundary)\r\n")
        expected.writeString("Content-Disposition: form-data; name=\"plan\"; filename=\"plan%22.txt\"\r\n")
        expected.writeString("Content-Type: text/plain\r\n\r\nmeasure\r\n--\(boundary)\r\n")
        expected.writeString("Content-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n")
        expected.writeString("Content-Type: application/octet-stream\r\n\r\n")
        expected.writeBytes([0, 255])
        expected.writeString("\r\n--\(boundary)--\r\n")
        #expect(files.body == expected)
        // A file is not bound, nor dropped without a word.
        try await client.post(
            "/workshop/order", form: ["item_name": "saw", "count": "1"], files: ["plan": TestFile("x", text: "y")]
        ).expect(.unsupportedMediaType)
    }

    @Test(arguments: Transport.allCases)
    func `a client's own headers go with every request`(_ transport: Transport) async throws {
        let client = try TestHost.workshop(transport).client(headers: [.authorization: "Bearer one"])
        try await client.get("/workshop/authorized").expect(.ok, text: "Bearer one")
        try await client.get("/workshop/authorized", headers: [.authorization: "Bearer two"])
            .expect(.ok, text: "Bearer two")
    }

    @Test(arguments: Transport.allCases)
    func `a client can begin with a session of the app's own store`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let ada = try await host.client(user: "ada", session: ["role": "smith"])
        try await ada.get("/workshop/who").expect(.ok, text: "ada smith")
        try await host.client(session: ["role": "guest"]).get("/workshop/who").expect(.ok, text: "- guest")
        try await host.client().get("/workshop/who").expect(.ok, text: "- -")
        await host.clock.advance(by: .seconds(31 * 60))
        try await ada.get("/workshop/who").expect(.ok, text: "- -")
    }

    @Test func `where the app has no sessions, that is a sentence`() async throws {
        let host = try TestHost(controllers: WorkshopController.self, services: Tools(), PoliteGreeter())
        let text = await errorText { _ = try await host.client(user: "ada") }
        #expect(
            text
                == "A client cannot have a session here: the app does not use(Sessions(…)). Add it, or log in by a request."
        )
    }

    @Test func `a service stands in for what a controller asks for, by type or by protocol`() async throws {
        struct Rude: Greeter { func greeting(of name: String) -> String { "\(name)!" } }
        let host = try TestHost(controllers: WorkshopController.self, services: Rude(), Tools())
        try await host.client().get("/workshop/greet?name=Ada").expect(.ok, text: "Ada!")
        #expect(throws: StartupError.self) { try TestHost(controllers: WorkshopController.self, services: Tools()) }
    }

    @Test(arguments: Transport.allCases)
    func `a stream is no response, and a response no stream`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let client = host.client()
        let text = await errorText { try await client.get("/workshop/feed") }
        #expect(text == "GET /workshop/feed is a stream of events: read it with stream().")
        #expect(host.application.sse.clientCount == 0)
        let refusal = await #expect(throws: UnexpectedResponse.self) { try await client.stream("/workshop/gone") }
        #expect(refusal?.response?.status == .notFound)
        let sentence = try #require(refusal).description
        #expect(sentence.hasPrefix("The response is not a stream of events.\nGET /workshop/gone → 404"))
    }

    @Test func `over loopback, a target that would be two requests is refused`() async throws {
        let client = try TestHost.workshop(.loopback).client()
        let text = await errorText { try await client.get("/a HTTP/1.1\r\nX: y") }
        #expect(text.hasSuffix("cannot be sent: percent-encode what is not printable ASCII."))
    }

    @Test func `only a host over loopback has an address`() async throws {
        #expect(try await TestHost.workshop(.loopback).address.port > 0)
        let text = await errorText { _ = try await TestHost.workshop().address }
        #expect(text == "A host in process has no address: make it with over: .loopback.")
    }
}
