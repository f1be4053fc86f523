import HTTPTypes
import MartletCore
import NIOCore
import Synchronization

/// A client of a test host, which keeps its cookies from one request to the next.
public final class TestClient: Sendable {
    let host: TestHost
    /// Sent with every request, unless that has its own field of the name.
    public let headers: HTTPFields
    private let cookieJar = Mutex<[String: String]>([:])

    init(_ host: TestHost, headers: HTTPFields) {
        self.host = host
        self.headers = headers
    }

    /// The cookies that the application has set, by name.
    public var cookies: [String: String] {
        get { cookieJar.withLock { $0 } }
        set { cookieJar.withLock { $0 = newValue } }
    }

    // MARK: - Requests

    /// Sends a request and reads the whole response.
    ///
    /// - Throws: `TestStreamError` where the response is a stream of events, which `stream` reads.
    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: some RequestTargetConvertible, headers: HTTPFields = [:],
        body: ByteBuffer = ByteBuffer()
    ) async throws -> TestResponse {
        try await send(TestContent(type: nil, body), method, target.requestTarget, headers)
    }

    /// Sends fields, and files, as a browser's form would.
    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: some RequestTargetConvertible, headers: HTTPFields = [:],
        form: KeyValuePairs<String, String>, files: KeyValuePairs<String, TestFile> = [:]
    ) async throws -> TestResponse { try await send(.form(form, files), method, target.requestTarget, headers) }

    /// Sends a value as JSON.
    @discardableResult
    public func request(
        _ method: HTTPRequest.Method, _ target: some RequestTargetConvertible, headers: HTTPFields = [:],
        json: some Encodable
    ) async throws -> TestResponse {
        try await send(.json(json, host.application.json), method, target.requestTarget, headers)
    }

    func send(
        _ content: TestContent, _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields
    ) async throws -> TestResponse {
        let request = complete(TestRequest(method: method, target: target, headers: headers), content)
        try await host.start()
        switch try await host.wire.send(request, wantsStream: false) {
        case .response(let response):
            keepCookies(of: response.headers)
            return response
        case .stream(_, let link, _, _):
            await link.disconnect()
            fallthrough
        case .unwantedStream:
            // Until the server knows that it has gone.
            await host.settle()
            throw TestStreamError("\(request) is a stream of events: read it with stream().")
        }
    }

    // MARK: - Streams

    /// Opens a stream of events.
    ///
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func stream(
        _ target: some RequestTargetConvertible, method: HTTPRequest.Method = .get, headers: HTTPFields = [:],
        form: KeyValuePairs<String, String>? = nil
    ) async throws -> TestStream {
        try await stream(form.map { .form($0, [:]) } ?? TestContent(type: nil), method, target.requestTarget, headers)
    }

    /// Opens a stream of events, with a value as the request's JSON.
    ///
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func stream(
        _ target: some RequestTargetConvertible, method: HTTPRequest.Method = .post, headers: HTTPFields = [:],
        json: some Encodable
    ) async throws -> TestStream {
        try await stream(.json(json, host.application.json), method, target.requestTarget, headers)
    }

    func stream(
        _ content: TestContent, _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields
    ) async throws -> TestStream {
        let request = complete(TestRequest(method: method, target: target, headers: headers), content)
        try await host.start()
        switch try await host.wire.send(request, wantsStream: true) {
        case .stream(let incoming, let link, let fields, let log):
            keepCookies(of: fields)
            let stream = TestStream(host, "\(request)", incoming, link, fields, log) { lastEventID in
                var headers = headers
                if let field = HTTPField.Name("Last-Event-ID") {
                    headers[field] = lastEventID.isEmpty ? nil : lastEventID
                }
                return try await self.stream(content, method, target, headers)
            }
            await host.settle()
            return stream
        case .response(let response):
            keepCookies(of: response.headers)
            throw UnexpectedResponse(response, "The response is not a stream of events.")
        case .unwantedStream:
            throw TestStreamError("\(request) was not opened.")
        }
    }

    // MARK: - What is added

    private func complete(_ request: TestRequest, _ content: TestContent) -> TestRequest {
        var request = request
        for name in Set(headers.map(\.name)) where request.headers[values: name].isEmpty {
            request.headers[fields: name] = headers[fields: name]
        }
        if let type = content.type { request.headers[.contentType] = type }
        request.content = content.bytes
        let cookies = cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !cookies.isEmpty { request.headers[.cookie] = cookies.joined(separator: "; ") }
        return request
    }

    private func keepCookies(of headers: HTTPFields) {
        for line in headers[values: .setCookie] {
            let pair = line.prefix { $0 != ";" }
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = String(pair[..<equals])
            let isDeleted = line.lowercased().contains("max-age=0")
            cookieJar.withLock { $0[name] = isDeleted ? nil : String(pair[pair.index(after: equals)...]) }
        }
    }
}
