import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

/// One table of requests and their answers, in process and over loopback.
@Suite(.timeLimit(.minutes(2))) struct TransportTableTests {
    /// A request as the table states it.
    struct TableRequest: Sendable {
        var method: HTTPRequest.Method
        var target: String
        var headers: HTTPFields
        var body: String

        init(_ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields = [:], body: String = "") {
            self.method = method
            self.target = target
            self.headers = headers
            self.body = body
        }

        func answer(_ transport: Transport) async throws -> TestResponse {
            let host = try TestHost(ProbeApp(), over: transport) { app in app.services.add(Probe()) }
            return try await host.client().request(method, target, headers: headers, body: ByteBuffer(string: body))
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let request: TableRequest
        let status: Int
        var fields: [String: String] = [:]
        /// The whole body; around each `…` the parts that it has.
        var body: String?
        var testDescription: String { name }
    }

    static let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
    static let json: HTTPFields = [.contentType: "application/json"]
    static let problem = ["Content-Type": "application/problem+json"]
    static let plain = ["Content-Type": "text/plain; charset=utf-8"]

    static let rows: [Row] = [
        Row(name: "a text", request: .init(.get, "/probe/text"), status: 200, fields: plain, body: "Hello"),
        Row(name: "HEAD follows GET", request: .init(.head, "/probe/text"), status: 200, fields: plain, body: ""),
        Row(
            name: "the query, decoded", request: .init(.get, "/probe/hello?name=%E5%BC%A0+%22x%22"), status: 200,
            body: "Hello, 张 \"x\"!"),
        Row(name: "a path parameter", request: .init(.get, "/probe/rooms/a%2Fb"), status: 200, body: "room a/b"),
        Row(name: "a malformed escape", request: .init(.get, "/probe/rooms/%zz"), status: 400, fields: problem),
        Row(name: "an unknown route", request: .init(.get, "/nowhere"), status: 404, fields: problem),
        Row(
            name: "a wrong verb", request: .init(.delete, "/probe/text"), status: 405,
            fields: ["Allow": "GET, HEAD, OPTIONS"]),
        Row(name: "TRACE", request: .init(.trace, "/probe/text"), status: 405, fields: ["Allow": "GET, HEAD, OPTIONS"]),
        Row(
            name: "OPTIONS", request: .init(.options, "/probe/text"), status: 204,
            fields: ["Allow": "GET, HEAD, OPTIONS"], body: ""),
        Row(name: "OPTIONS of the server", request: .init(.options, "*"), status: 204, body: ""),
        Row(
            name: "a trailing slash", request: .init(.get, "/probe/text/?a=1"), status: 308,
            fields: ["Location": "/probe/text?a=1"]),
        Row(
            name: "a redirect", request: .init(.get, "/probe/elsewhere"), status: 303,
            fields: ["Location": "/probe/text"]),
        Row(name: "no content", request: .init(.get, "/probe/nothing"), status: 204, body: ""),
        Row(
            name: "not modified", request: .init(.get, "/probe/not-modified"), status: 304, fields: ["ETag": "\"1\""],
            body: ""),
        Row(
            name: "fields of a form", request: .init(.post, "/probe/sum", form, body: "a=1&b=2"), status: 200,
            fields: ["Content-Type": "application/json"], body: #"{"sum":3}"#),
        Row(
            name: "fields of a JSON object", request: .init(.post, "/probe/sum", json, body: #"{"a":1,"b":41}"#),
            status: 200, body: #"{"sum":42}"#),
        Row(
            name: "a field of the wrong type and one that is missing",
            request: .init(.post, "/probe/sum", form, body: "a=one"), status: 400, fields: problem, body: "{…\"b\"…}"),
        Row(
            name: "an unknown content type",
            request: .init(.post, "/probe/sum", [.contentType: "text/csv"], body: "a,b"), status: 415, fields: problem),
        Row(name: "JSON cut off", request: .init(.post, "/probe/sum", json, body: #"{"a":"#), status: 400),
        Row(
            name: "a body within the action's limit",
            request: .init(.post, "/probe/small", body: "0123456789abcdef"), status: 200, body: "16 bytes"),
        Row(
            name: "a body beyond it", request: .init(.post, "/probe/small", body: "0123456789abcdefg"), status: 413,
            fields: problem),
        Row(
            name: "a body of 100,000 bytes",
            request: .init(.post, "/probe/echo", body: String(repeating: "0123456789", count: 10_000)), status: 200,
            body: String(repeating: "0123456789", count: 10_000)),
        Row(
            name: "a streamed body", request: .init(.get, "/probe/chunks?n=3"), status: 200,
            body: "chunk 0\nchunk 1\nchunk 2\n"),
        Row(
            name: "a streamed body of known length", request: .init(.get, "/probe/sized"), status: 200,
            body: "0123456789"),
        Row(name: "HEAD of a stream", request: .init(.head, "/probe/chunks?n=3"), status: 200, body: ""),
        Row(name: "an error of the action", request: .init(.get, "/probe/fail"), status: 500, fields: problem),
        Row(
            name: "headers and cookies of the context", request: .init(.get, "/probe/marked"), status: 200,
            fields: ["Cache-Control": "no-store"], body: #"{"code":0,"msg":"marked","data":[1,2]}"#),
    ]

    @Test(arguments: Transport.allCases, rows)
    func `is answered the same in process and over loopback`(_ transport: Transport, _ row: Row) async throws {
        let answer = try await row.request.answer(transport)
        #expect(answer.status.code == row.status, "\(answer)")
        for (name, value) in row.fields { #expect(HTTPField.Name(name).flatMap { answer.headers[$0] } == value) }
        guard let body = row.body else { return }
        if body.contains("…") {
            let parts = body.split(separator: "…")
            #expect(answer.text.hasPrefix(parts[0]) && answer.text.hasSuffix(parts[parts.count - 1]))
            for part in parts { #expect(answer.text.contains(part)) }
        } else {
            #expect(answer.text == body)
        }
    }

    @Test(arguments: Transport.allCases)
    func `a 500 tells no detail`(_ transport: Transport) async throws {
        let answer = try await TableRequest(.get, "/probe/fail").answer(transport)
        #expect(!answer.text.contains("ProbeError"))
    }
}
