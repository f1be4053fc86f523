import HTTPTypes
import MartletCore
import NIOCore

/// A whole response, as a test looks at it.
public struct TestResponse: Sendable, CustomStringConvertible {
    /// The status code and its reason phrase, whatever they are: a test says itself which ones it takes.
    public let status: HTTPResponse.Status
    /// Over loopback these include the server's own: `Date`, `Content-Length` and the like.
    public let headers: HTTPFields
    /// The content as it came; with a `Content-Encoding` not decoded.
    public let body: ByteBuffer
    private let request: String
    private let book: LogBook
    private let coder: JSON

    init(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ body: ByteBuffer, _ request: TestRequest,
        _ book: LogBook, _ coder: JSON
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.request = "\(request)"
        self.book = book
        self.coder = coder
    }

    /// The body as UTF-8; what is none becomes U+FFFD.
    public var text: String { String(buffer: body) }

    /// What the application has logged for this request.
    public var log: [LogLine] { book.lines }

    /// The body, decoded from JSON by the application's settings.
    ///
    /// - Throws: `UnexpectedResponse`, with the whole response in its text, where the body is not JSON of that shape.
    public func json<Value: Decodable>(
        _ type: Value.Type = Value.self, fileID: String = #fileID, line: Int = #line
    ) throws -> Value {
        do {
            return try coder.decode(type, from: body)
        } catch {
            throw UnexpectedResponse(
                self, "The body is no \(type): \(error.readable).", CodeLocation(fileID: fileID, line: line))
        }
    }

    /// The request, the status, the headers, the body, and what was logged meanwhile.
    public var description: String {
        var lines = ["\(request) → \(status.code) \(status.reasonPhrase)"]
        lines += headers.map { "  \($0.name.rawName): \($0.value)" }
        if body.readableBytes > 0 {
            let text = String(validating: body.readableBytesView, as: UTF8.self)
            lines.append("")
            lines += text.map { $0.prefix(4000).indented } ?? ["  (\(body.readableBytes) bytes that are no text)"]
        }
        return (lines + book.report).joined(separator: "\n")
    }
}

/// A response was not what a test expected, or not a stream where it asked for one. The text has all of it.
public struct UnexpectedResponse: Error, CustomStringConvertible {
    /// The response there was.
    public let response: TestResponse?
    /// Where the test stands, what it expected, and the whole response with what was logged for it.
    public let description: String

    init(_ response: TestResponse, _ problem: String, _ location: CodeLocation? = nil) {
        self.response = response
        description = "\(location.map { "\($0): " } ?? "")\(problem)\n\(response)"
    }
}

extension LogBook {
    /// The lines as a paragraph of a failure's text.
    var report: [String] { lines.isEmpty ? [] : ["", "  log:"] + lines.map { "    \($0)" } }
}

extension StringProtocol {
    fileprivate var indented: [String] {
        split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    }
}

extension Error {
    /// A decoding error as a sentence.
    fileprivate var readable: String {
        func path(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "" : " at \(path.joined(separator: "."))"
        }
        switch self as? DecodingError {
        case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing\(path(context))"
        case .typeMismatch(let type, let context): return "\(type) is expected\(path(context))"
        case .valueNotFound(let type, let context): return "\(type) is expected\(path(context)), and null is there"
        case .dataCorrupted(let context): return "\(context.debugDescription)\(path(context))"
        default: return "\(self)"
        }
    }
}
