import HTTPTypes
import MartletCore
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A client of a test host, which keeps its cookies from one request to the next.
public final class TestClient: Sendable {
    let host: TestHost
    private let cookieJar = Mutex<[String: String]>([:])

    init(_ host: TestHost) { self.host = host }

    /// The cookies that the application has set.
    public var cookies: [String: String] {
        get { cookieJar.withLock { $0 } }
        set { cookieJar.withLock { $0 = newValue } }
    }

    @discardableResult
    public func get(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.get, target, headers: headers)
    }

    @discardableResult
    public func delete(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.delete, target, headers: headers)
    }

    /// Posts fields as a form, as a browser would.
    @discardableResult
    public func post(_ target: String, form: KeyValuePairs<String, String>, headers: HTTPFields = [:]) async throws
        -> TestResponse
    { try await request(.post, target, headers: headers, form: form) }

    /// Posts a value as JSON.
    @discardableResult
    public func post(_ target: String, json: some Encodable, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.post, target, headers: headers, json: json)
    }

    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:],
        form: KeyValuePairs<String, String>
    ) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = "application/x-www-form-urlencoded"
        let text = form.map { "\(Self.escaped($0))=\(Self.escaped($1))" }.joined(separator: "&")
        return try await request(method, target, headers: headers, body: ByteBuffer(string: text))
    }

    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], json: some Encodable
    ) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await request(method, target, headers: headers, body: try JSON.buffer(of: json))
    }

    /// Sends a request and reads the whole response.
    ///
    /// - Throws: `TestStreamError` where the response is a stream of events, which `stream` reads.
    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()
    ) async throws -> TestResponse {
        let request = request(method, target, headers, body)
        let answer = Mutex<Result<TestResponse, any Error>?>(nil)
        await host.respond(to: request) { [self] response, _ in
            let result = await Self.read(response, to: request)
            keepCookies(of: response)
            answer.withLock { $0 = result }
        }
        guard let result = answer.withLock({ $0 }) else { throw TestStreamError("The request was not answered.") }
        return try result.get()
    }

    /// Opens a stream of events.
    ///
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func stream(
        _ target: String, method: HTTPRequest.Method = .get, headers: HTTPFields = [:],
        form: KeyValuePairs<String, String>? = nil
    ) async throws -> TestStream {
        var headers = headers
        var body = ByteBuffer()
        if let form {
            headers[.contentType] = "application/x-www-form-urlencoded"
            body.writeString(form.map { "\(Self.escaped($0))=\(Self.escaped($1))" }.joined(separator: "&"))
        }
        let request = request(method, target, headers, body)
        let sent = headers
        let stream = TestStream(host) { [self] lastEventID in
            var headers = sent
            if let field = HTTPField.Name("Last-Event-ID") { headers[field] = lastEventID.isEmpty ? nil : lastEventID }
            return try await self.stream(target, method: method, headers: headers, form: form)
        }
        let refusal = Mutex<(any Error)?>(nil)
        await host.respond(to: request) { [self] response, ctx in
            keepCookies(of: response)
            if case .events(let events) = response.body {
                stream.open(events, response.headers, ctx)
            } else {
                let result = await Self.read(response, to: request)
                refusal.withLock { $0 = UnexpectedResponse(result: result) }
            }
        }
        if let error = refusal.withLock({ $0 }) { throw error }
        await host.settle()
        return stream
    }

    private func request(
        _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields, _ body: ByteBuffer
    ) -> Request {
        var headers = headers
        let cookies = cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !cookies.isEmpty { headers[.cookie] = cookies.joined(separator: "; ") }
        return Request(method: method, target: target, headers: headers, body: RequestBody(body))
    }

    private func keepCookies(of response: Response) {
        for line in response.headers[values: .setCookie] {
            let pair = line.prefix { $0 != ";" }
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = String(pair[..<equals])
            let isDeleted = line.contains("Max-Age=0")
            cookieJar.withLock { $0[name] = isDeleted ? nil : String(pair[pair.index(after: equals)...]) }
        }
    }

    private static func read(_ response: Response, to request: Request) async -> Result<TestResponse, any Error> {
        switch response.body {
        case .empty, .omitted:
            return .success(TestResponse(response, ByteBuffer(), request))
        case .buffer(let buffer):
            return .success(TestResponse(response, buffer, request))
        case .stream(_, let write):
            let collected = Mutex(ByteBuffer())
            do {
                try await write(BodyWriter { chunk in collected.withLock { _ = $0.writeImmutableBuffer(chunk) } })
            } catch {
                return .failure(error)
            }
            return .success(TestResponse(response, collected.withLock { $0 }, request))
        case .events:
            return .failure(
                TestStreamError("\(request.method) \(request.path) is a stream of events: read it with stream()."))
        }
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { escaped, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber {
                escaped.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }
}

/// A whole response, as a test looks at it.
public struct TestResponse: Sendable, CustomStringConvertible {
    public let status: HTTPResponse.Status
    public let headers: HTTPFields
    public let body: ByteBuffer
    private let request: String

    init(_ response: Response, _ body: ByteBuffer, _ request: Request) {
        status = response.status
        headers = response.headers
        self.body = body
        self.request = "\(request.method) \(request.target)"
    }

    public var text: String { String(buffer: body) }

    /// - Throws: `DecodingError` where the body is not JSON of that shape.
    public func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSON.decode(type, from: body)
    }

    public var description: String { "\(request) → \(status.code) \(text)" }
}

/// The application did not open the stream that a test asked for.
public struct UnexpectedResponse: Error, CustomStringConvertible {
    let result: Result<TestResponse, any Error>

    /// The response there was instead.
    public var response: TestResponse? { try? result.get() }

    public var description: String {
        switch result {
        case .success(let response): "not a stream: \(response)"
        case .failure(let error): "not a stream: \(error)"
        }
    }
}
