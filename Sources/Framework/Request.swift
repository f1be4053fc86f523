import HTTPTypes

/// An HTTP request as an action sees it.
public struct Request: Sendable {
    public let method: HTTPRequest.Method
    /// The path as it came, still percent-encoded, without the query: `/chat/rooms/a%20b`.
    public let path: String
    /// What stands behind the `?`, still percent-encoded; nil without one.
    public let rawQuery: String?
    public let headers: HTTPFields
    /// The content; read by binding, or by the action as an `AsyncSequence` of chunks.
    public let body: RequestBody

    /// - Parameter target: the origin-form of RFC 9112 section 3.2.1: a path and an optional query.
    public init(
        method: HTTPRequest.Method, target: String, headers: HTTPFields = [:], body: RequestBody = .empty
    ) {
        self.method = method
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            rawQuery = String(target[target.index(after: mark)...])
        } else {
            path = target
            rawQuery = nil
        }
        self.headers = headers
        self.body = body
    }

    /// The path and the query as they came.
    public var target: String { rawQuery.map { "\(path)?\($0)" } ?? path }

    /// The query's fields in order, decoded as `application/x-www-form-urlencoded`.
    ///
    /// - Throws: `HTTPError` 400 for a malformed escape or more than 1000 fields.
    public var query: FormFields {
        get throws { try FormFields(urlEncoded: rawQuery ?? "") }
    }

    /// The value of the first cookie of that name (RFC 6265 section 5.4).
    public func cookie(_ name: String) -> String? {
        for field in headers where field.name == .cookie {
            var rest = field.value.utf8[...]
            while !rest.isEmpty {
                let pair = rest.prefix { $0 != UInt8(ascii: ";") }
                rest = rest[pair.endIndex...].dropFirst()
                let trimmed = pair.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")),
                    trimmed[..<equals].elementsEqual(name.utf8)
                else { continue }
                return String(trimmed[trimmed.index(after: equals)...])
            }
        }
        return nil
    }
}
