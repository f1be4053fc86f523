import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Requests with the manners of a browser: forms, JSON, files, cookies kept from one request to the next.
///
///     let web = WebClient("http://localhost:8080")
///     try await web.post("/chat/send", form: ["message": "hi"])
///
/// Small on purpose: async-http-client does the work, and `import AsyncHTTPClient` is there for all else. An answer is a
/// value whatever its status; what prevents an answer is a ``WebClientError``, thrown by the verbs and returned as a
/// `Result` by ``send(_:)``.
public final class WebClient: Sendable {
    /// The limits on an answer, and the header fields of every request.
    public struct Configuration: Sendable {
        /// From the first byte sent to the last byte received, redirects included.
        public var timeout: Duration = .seconds(30)
        /// The largest body accepted, in bytes, unpacked.
        public var maximumBodyBytes = 16 << 20
        /// How many redirects in a row are followed; one more is ``WebClientError/tooManyRedirects``.
        public var maximumRedirects = 10
        /// Sent with every request that does not name the same fields itself.
        public var headers: HTTPFields = [:]

        /// The defaults, to be changed property by property.
        public init() {}
    }

    /// What relative URLs are relative to.
    public let base: String
    /// What the client was made with; another needs another client.
    public let configuration: Configuration
    private let client: HTTPClient
    private let clock: any Clock<Duration>
    private let jar = Mutex(CookieJar())

    /// - Parameters:
    ///   - base: an absolute URL, or nothing where every request names one.
    ///   - client: the client to send with; it must not follow redirects itself, or their cookies are lost.
    public init(
        _ base: String = "", configuration: Configuration = Configuration(), client: HTTPClient? = nil,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.base = base
        self.configuration = configuration
        self.client = client ?? SharedClients.requests
        self.clock = clock
    }

    /// What the servers have set.
    public var cookies: CookieJar {
        get { jar.withLock { $0 } }
        set { jar.withLock { $0 = newValue } }
    }

    /// Sends a `GET` request.
    ///
    /// - Parameters:
    ///   - url: absolute, or relative to ``base``.
    ///   - query: put behind the URL, `application/x-www-form-urlencoded`, and behind a query that it has.
    ///   - headers: these instead of the configuration's of the same names.
    /// - Throws: ``WebClientError`` where there is no answer; a status is no error.
    @discardableResult
    public func get(
        _ url: String, query: KeyValuePairs<String, String> = [:], headers: HTTPFields = [:]
    ) async throws(WebClientError) -> WebResponse {
        let separator = url.contains("?") ? "&" : "?"
        let url = query.isEmpty ? url : url + separator + FormEncoding.string(of: query)
        return try await send(WebRequest(.get, url, headers: headers)).get()
    }

    /// Posts fields as a form, as a browser would.
    @discardableResult
    public func post(
        _ url: String, form: KeyValuePairs<String, String> = [:], headers: HTTPFields = [:]
    ) async throws(WebClientError) -> WebResponse {
        try await send(WebRequest(.post, url, headers: headers, body: .form(form))).get()
    }

    /// Posts a value as JSON.
    @discardableResult
    public func post(
        _ url: String, json: some Encodable & Sendable, headers: HTTPFields = [:]
    ) async throws(WebClientError) -> WebResponse {
        try await send(WebRequest(.post, url, headers: headers, body: .json(json))).get()
    }

    /// Posts fields and files.
    @discardableResult
    public func post(
        _ url: String, multipart: MultipartBody, headers: HTTPFields = [:]
    ) async throws(WebClientError) -> WebResponse {
        try await send(WebRequest(.post, url, headers: headers, body: .multipart(multipart))).get()
    }

    /// Sends a `DELETE` request, without a body.
    @discardableResult
    public func delete(_ url: String, headers: HTTPFields = [:]) async throws(WebClientError) -> WebResponse {
        try await send(WebRequest(.delete, url, headers: headers)).get()
    }

    /// Sends a request and reads the whole answer.
    public func send(_ request: WebRequest) async -> Result<WebResponse, WebClientError> {
        do {
            let body = try request.body.encoded()
            return .success(
                try await withTimeout(configuration.timeout, clock: clock) { [self] in
                    try await exchange(request, body)
                })
        } catch let error as WebClientError {
            return .failure(error)
        } catch is CancellationError {
            return .failure(.cancelled)
        } catch {
            return .failure(Task.isCancelled ? .cancelled : .connection(error))
        }
    }

    /// A source of events that sends this client's cookies, as they are at each attempt.
    public func eventSource(
        _ url: String, configuration: EventSource.Configuration = EventSource.Configuration()
    ) -> EventSource {
        let absolute = self.url(url)?.absoluteString ?? url
        var configuration = configuration
        let own = configuration.headers
        configuration.headers = { [self] in
            var headers = try await own()
            if headers[.cookie] == nil, let url = URL(string: absolute) { headers[.cookie] = cookieHeader(url) }
            return headers
        }
        return EventSource(absolute, configuration: configuration, clock: clock)
    }

    private func url(_ text: String) -> URL? {
        URL(string: text, relativeTo: base.isEmpty ? nil : URL(string: base))?.absoluteURL
    }

    private func cookieHeader(_ url: URL) -> String? { jar.withLock { $0.header(for: url, at: Date()) } }

    private func exchange(_ request: WebRequest, _ body: WebBody.Encoded?) async throws -> WebResponse {
        guard var url = url(request.url), url.host != nil else { throw WebClientError.invalidURL(request.url) }
        var method = request.method
        var body = body
        var headers = configuration.headers
        for field in request.headers { headers[field.name] = nil }
        headers.append(contentsOf: request.headers)
        for _ in 0...configuration.maximumRedirects {
            let response = try await client.execute(
                message(method, url, headers, body), deadline: .now() + .hours(24))
            jar.withLock { jar in
                for line in response.headers["set-cookie"] { jar.keep(line, from: url, at: Date()) }
            }
            guard let next = Self.redirect(of: response, from: url) else {
                return try await read(response, url)
            }
            let code = response.status.code
            // Fetch, section 4.4 "HTTP-redirect fetch", steps 12 and 13.
            if (code == 303 && method != .get && method != .head) || (code <= 302 && method == .post) {
                method = .get
                body = nil
                headers[.contentType] = nil
            }
            if (next.scheme, next.host, next.port) != (url.scheme, url.host, url.port) {
                headers[.authorization] = nil
                headers[.cookie] = nil
            }
            url = next
        }
        throw WebClientError.tooManyRedirects
    }

    private func message(
        _ method: HTTPRequest.Method, _ url: URL, _ headers: HTTPFields, _ body: WebBody.Encoded?
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = HTTPMethod(rawValue: method.rawValue)
        for field in headers { request.headers.add(name: field.name.rawName, value: field.value) }
        if headers[.acceptEncoding] == nil { request.headers.add(name: "Accept-Encoding", value: "gzip") }
        if headers[.cookie] == nil, let cookies = cookieHeader(url) {
            request.headers.add(name: "Cookie", value: cookies)
        }
        if let body {
            request.body = .bytes(body.bytes)
            if headers[.contentType] == nil { request.headers.add(name: "Content-Type", value: body.type) }
        }
        return request
    }

    private static func redirect(of response: HTTPClientResponse, from url: URL) -> URL? {
        guard [301, 302, 303, 307, 308].contains(response.status.code),
            let location = response.headers.first(name: "location")
        else { return nil }
        return URL(string: location, relativeTo: url)?.absoluteURL
    }

    private func read(_ response: HTTPClientResponse, _ url: URL) async throws -> WebResponse {
        let coding = response.headers.first(name: "content-encoding") ?? ""
        guard var decoder = try? ContentDecoder(coding) else { throw WebClientError.contentEncoding(coding) }
        var body = ByteBuffer()
        for try await bytes in response.body {
            decoder.append(bytes)
            while var piece = try Self.next(of: &decoder, coding) {
                guard body.readableBytes + piece.readableBytes <= configuration.maximumBodyBytes else {
                    throw WebClientError.bodyTooLarge(limit: configuration.maximumBodyBytes)
                }
                body.writeBuffer(&piece)
            }
        }
        var headers = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        return WebResponse(
            status: HTTPResponse.Status(code: Int(response.status.code)), headers: headers, body: body,
            url: url.absoluteString)
    }

    private static func next(of decoder: inout ContentDecoder, _ coding: String) throws(WebClientError) -> ByteBuffer? {
        do { return try decoder.next() } catch { throw .contentEncoding(coding) }
    }
}
