import HTTPTypes
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A request as a value.
public struct WebRequest: Sendable {
    /// The request method; a redirect may change it to `GET`.
    public var method: HTTPRequest.Method
    /// Absolute, or relative to the client's base.
    public var url: String
    /// Header fields, each instead of the client's own of that name. `Content-Type` and `Cookie` are added where they
    /// are missing.
    public var headers: HTTPFields
    /// The content, and the `Content-Type` that goes with it.
    public var body: WebBody

    /// A request for ``WebClient/send(_:)``; nothing is checked before it is sent.
    public init(
        _ method: HTTPRequest.Method, _ url: String, headers: HTTPFields = [:], body: WebBody = .empty
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What a request carries, and with it the `Content-Type`.
public enum WebBody: Sendable {
    /// No content, and no `Content-Type`.
    case empty
    /// `application/x-www-form-urlencoded`, in the order of the fields.
    case form(KeyValuePairs<String, String>)
    /// `application/json`, with dates as ISO 8601.
    case json(any Encodable & Sendable)
    /// `multipart/form-data`: fields and files.
    case multipart(MultipartBody)
    /// Bytes as they are, of that media type.
    case bytes(ByteBuffer, type: String)

    struct Encoded: Sendable {
        var bytes: ByteBuffer
        var type: String
    }

    func encoded() throws(WebClientError) -> Encoded? {
        switch self {
        case .empty: return nil
        case .form(let fields):
            return Encoded(
                bytes: ByteBuffer(string: FormEncoding.string(of: fields)), type: "application/x-www-form-urlencoded")
        case .json(let value):
            do {
                let encoder = JSONEncoder()
                encoder.dateEncodingStrategy = .iso8601
                return Encoded(bytes: ByteBuffer(bytes: try encoder.encode(value)), type: "application/json")
            } catch {
                throw .unencodable(error)
            }
        case .multipart(let body): return Encoded(bytes: body.bytes, type: body.type)
        case .bytes(let bytes, let type): return Encoded(bytes: bytes, type: type)
        }
    }
}

/// An answer, whatever its status.
public struct WebResponse: Sendable, CustomStringConvertible {
    /// The status of the last response, redirects followed.
    public var status: HTTPResponse.Status
    /// The header fields as they were received, `Content-Encoding` included, though the body is decoded.
    public var headers: HTTPFields
    /// The content, unpacked where it came with gzip.
    public var body: ByteBuffer
    /// Where it came from, redirects followed.
    public var url: String

    /// Whether the status is 2xx.
    public var isSuccess: Bool { status.kind == .successful }

    /// The body as text, in the charset that its `Content-Type` names; UTF-8 where it names none, or one that is not known.
    public var text: String {
        guard let encoding = Charset.encoding(of: headers[.contentType] ?? ""),
            let text = String(data: Data(body.readableBytesView), encoding: encoding)
        else { return String(buffer: body) }
        return text
    }

    /// The body, decoded from JSON, with dates as ISO 8601.
    ///
    /// - Throws: ``WebClientError/undecodable(_:)`` where the body is not JSON of that shape.
    public func json<Value: Decodable>(as type: Value.Type = Value.self) throws(WebClientError) -> Value {
        do {
            let decoder = JSONDecoder()
            // With a fraction or without, which Foundation's own strategy does not take both of.
            decoder.dateDecodingStrategy = .custom { decoder in
                let text = try decoder.singleValueContainer().decode(String.self)
                return try (try? Date(text, strategy: .iso8601))
                    ?? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
            return try decoder.decode(type, from: Data(body.readableBytesView))
        } catch {
            throw .undecodable(error)
        }
    }

    /// The status, the URL and the body as text, for a failure's message.
    public var description: String { "\(status.code) from \(url): \(text)" }
}

/// What prevents an answer.
public enum WebClientError: Error, Sendable, CustomStringConvertible {
    /// The URL is not absolute, and with the base does not become so.
    case invalidURL(String)
    /// The server could not be reached, or the connection broke.
    case connection(any Error)
    /// The answer was not complete within the configuration's `timeout`.
    case timedOut(Duration)
    /// More redirects in a row than the configuration's `maximumRedirects`.
    case tooManyRedirects
    /// The body, unpacked, has more than `limit` bytes.
    case bodyTooLarge(limit: Int)
    /// The body has an encoding that was not asked for, or is not what its header says.
    case contentEncoding(String)
    /// The value to send cannot be JSON.
    case unencodable(any Error)
    /// The body received is not JSON of the type asked for.
    case undecodable(any Error)
    /// The task that waited for the answer was cancelled.
    case cancelled

    /// The reason as a clause, for a log.
    public var description: String {
        switch self {
        case .invalidURL(let url): "not an absolute URL: \(url)"
        case .connection(let error): "no connection: \(error)"
        case .timedOut(let time): "no answer within \(time)"
        case .tooManyRedirects: "too many redirects"
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .contentEncoding(let coding): "the body cannot be read as \(coding)"
        case .unencodable(let error): "the value cannot be JSON: \(error)"
        case .undecodable(let error): "the body is not the JSON expected: \(error)"
        case .cancelled: "cancelled"
        }
    }
}
