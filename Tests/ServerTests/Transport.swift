import HTTPTypes
import Martlet
import MartletTesting
import NIOCore

/// How the requests of a table reach the application: by a call, or by a socket.
///
/// A test that takes one as its argument runs twice, and shows that what holds in process holds on the wire:
///
///     @Test(arguments: Transport.allCases) func `the page is there`(_ transport: Transport) async throws {
///         let answer = try await transport.answer(to: TableRequest(.get, "/"))
///         #expect(answer.status == 200)
///     }
enum Transport: CaseIterable, Sendable {
    case inProcess, loopback

    /// Has a new probe app answer.
    func answer(to request: TableRequest) async throws -> TableAnswer {
        switch self {
        case .inProcess:
            let host = try TestHost(ProbeApp()) { app in
                app.logger.logLevel = .critical
                app.services.add(Probe())
            }
            let response = try await host.client().request(
                request.method, request.target, headers: request.headers, body: ByteBuffer(string: request.body))
            let fields = response.headers.map { ($0.name.rawName, $0.value) }
            return TableAnswer(status: response.status.code, fields: fields, body: response.text)
        case .loopback:
            var answer: TableAnswer?
            try await withServer { server in
                let socket = try server.connect()
                try await socket.send(request.wire)
                let response = try await socket.response(toHead: request.method == .head)
                answer = TableAnswer(status: response.status, fields: response.fields, body: response.text)
            }
            guard let answer else { throw UnexpectedBytes("no answer", after: []) }
            return answer
        }
    }
}

/// A request as a table states it.
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

    var wire: String {
        var text = "\(method.rawValue) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in headers { text += "\(field.name.rawName): \(field.value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        return text + "\r\n" + body
    }
}

/// A response by either way, less what only the wire has.
struct TableAnswer: Sendable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: String

    subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
}
