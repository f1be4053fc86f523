import Martlet
import MartletTesting
import Synchronization
import Testing

/// A failure says all that somebody needs who reads it in a log.
@Suite struct FailureTextTests {
    private static let notAnInteger = "must be a whole number"

    @Test(arguments: Transport.allCases)
    func `an unexpected response is shown whole, with its log lines`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        let client = host.client()
        try await client.get("/workshop/greet?name=x")
        let response = try await client.get("/workshop/broken")
        let text = await errorText { try response.expect(.ok) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "TestHostTests/FailureTextTests.swift:\(#line - 2): Expected 200 OK.")
        #expect(lines[1] == "GET /workshop/broken → 500 Internal Server Error")
        #expect(lines.contains { $0.lowercased() == "  content-type: application/problem+json" })
        #expect(lines.contains { $0.contains(#""title":"Internal Server Error""#) })
        let log = try #require(lines.firstIndex(of: "  log:"))
        let id = try #require(response.log.first?.metadata["request-id"])
        #expect(lines[log + 1] == "    info: looking for the saw request-id=\(id) shelf=3")
        #expect(lines[log + 2].hasPrefix("    error: unhandled error error=ToolError()"))
        #expect(lines.count == log + 3)
        #expect(response.log.map(\.level) == [.info, .error])
        #expect(host.log.count == 2)
    }

    @Test(arguments: [("mutter", "from the pool"), ("whisper", "from elsewhere")], Transport.allCases)
    func `lines of other threads are the request's`(
        _ action: (name: String, line: String), _ transport: Transport
    ) async throws {
        let host = try TestHost.workshop(transport)
        let client = host.client()
        let response = try await client.get("/workshop/\(action.name)")
        #expect(response.log.map(\.message) == [action.line])
        #expect(try await client.get("/workshop/greet?name=x").log.isEmpty)
    }

    @Test func `a log handler of the app's own gets every line`() async throws {
        let own = OwnLog()
        let host = try TestHost(controllers: WorkshopController.self, services: Tools(), PoliteGreeter()) { app in
            app.logger = Logger(label: "own") { _ in own }
        }
        try await host.client().get("/workshop/mutter")
        #expect(own.lines.withLock { $0 } == ["from the pool"])
        #expect(host.log.map(\.message) == ["from the pool"])
    }

    @Test func `JSON of another shape is shown with what is wrong with it`() async throws {
        struct Order: Decodable { let count: Int }
        let response = try await TestHost.workshop().client()
            .post("/workshop/order", form: ["item_name": "saw", "count": "2"])
        let text = await errorText { _ = try response.json(Order.self) }
        #expect(text.contains("The body is no Order: Int is expected at count."))
        #expect(text.contains(#"{"count":"2","express":"false","itemName":"saw"}"#))
    }

    @Test func `texts and JSON are compared line by line`() async throws {
        let response = try await TestHost.workshop().client()
            .post("/workshop/order", form: ["item_name": "saw", "count": "2"])
        try response.expect(json: #"{ "itemName": "saw", "count": "2", "express": "false" }"#)
        let text = await errorText {
            try response.expect(json: #"{"itemName":"axe","count":"2","express":"false"}"#)
        }
        #expect(
            text.contains(
                """
                Expected other JSON:
                  …
                    "count": "2",
                    "express": "false",
                -   "itemName": "axe"
                +   "itemName": "saw"
                  }
                """))
        let other = await errorText { try response.expect(.ok, text: "saw") }
        #expect(other.contains("Expected another text:\n- saw\n+ {"))
        let header = await errorText { try response.expect(header: .contentType, "text/plain") }
        #expect(
            header.contains("Expected the field Content-Type to be 'text/plain', and it is 'application/json'."))
    }

    @Test func `a problem is expected with its fields`() async throws {
        let client = try TestHost.workshop().client()
        let response = try await client.post("/workshop/order", form: ["count": "two"])
        try response.expectProblem(
            .badRequest, detail: "The request has fields that are missing or not valid.",
            errors: ["item_name": "is required", "count": Self.notAnInteger])
        let text = await errorText { try response.expectProblem(.badRequest, errors: ["count": "is required"]) }
        #expect(
            text.contains(
                """
                Expected other errors of fields:
                + count: \(Self.notAnInteger)
                + item_name: is required
                - count: is required
                """))
        let good = try await client.get("/workshop/greet?name=x")
        let type = await errorText { try good.expectProblem(.ok) }
        #expect(type.contains("Expected application/problem+json, and the Content-Type is text/plain"))
    }

    @Test(arguments: Transport.allCases)
    func `a stream's failure tells what did arrive`(_ transport: Transport) async throws {
        let host = try TestHost.workshop(transport)
        host.patience = .milliseconds(20)
        let stream = try await host.stream("/workshop/feed")
        try await host.call("Workshop@say", ["text": "one"])
        try await stream.expect("said", data: "one")
        let line = #line + 1
        let missing = await errorText { try await stream.expect("said", data: "two") }
        #expect(
            missing == """
                TestHostTests/FailureTextTests.swift:\(line): Expected said: two, but no event is left.
                  GET /workshop/feed: these arrived:
                    said: one
                """)
        try await host.call("Workshop@say", ["text": "three"])
        let wrong = await errorText { try await stream.expect("said", data: "two") }
        #expect(wrong.contains("Expected said: two, but said: three came."))
        try await host.call("Workshop@say", ["text": "four"])
        let some = await errorText { try await stream.none() }
        #expect(some.contains("Expected no event, but these came:\n  said: four\n"))
        host.application.sse.closeAll()
        let ended = await errorText { _ = try await stream.next() }
        #expect(ended.contains("No event is left, and the stream has ended."))
    }

    @Test func `an event of another shape shows its data`() async throws {
        let host = try TestHost.workshop()
        let stream = try await host.stream("/workshop/feed")
        try await host.call("Workshop@say", ["text": "one"])
        let event = try await stream.next()
        let text = await errorText { _ = try event.json([String: Int].self) }
        #expect(text.hasPrefix("The data of 'said' is no Dictionary<String, Int>: one\n"))
    }
}

private final class OwnLog: LogHandler {
    let lines = Mutex<[String]>([])
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
}
