import HTTPTypes

/// An error that is an HTTP status: throw it from an action or a middleware and the client gets it as
/// `application/problem+json` (RFC 9457).
public struct HTTPError: Error, Sendable {
    /// What the response has, with its reason phrase as the problem's `title`.
    public var status: HTTPResponse.Status
    /// What the client is told, as the problem's `detail`.
    public var detail: String?
    /// Sent with the response, such as `Retry-After`.
    public var headers: HTTPFields
    /// What is wrong with each field of the request.
    public var fieldErrors: FieldErrors

    /// An error that the client is told of; keep out of `detail` what it is not to know.
    public init(
        _ status: HTTPResponse.Status, _ detail: String? = nil, headers: HTTPFields = [:],
        fieldErrors: FieldErrors = FieldErrors()
    ) {
        self.status = status
        self.detail = detail
        self.headers = headers
        self.fieldErrors = fieldErrors
    }

    /// The error as the client gets it.
    ///
    /// - Parameter translated: a text in the client's language.
    package func response(
        _ json: JSON, _ translated: (String) -> String = { $0 }, requestID: String? = nil
    ) -> Response {
        let note = fieldErrors.isCut ? "Only the first \(FieldErrors.maximumCount) errors are listed." : nil
        let detail = [detail, note].compactMap(\.self).map(translated)
        return Problem(
            status, detail: detail.isEmpty ? nil : detail.joined(separator: " "),
            errors: fieldErrors.isEmpty ? nil : fieldErrors.translated(translated), requestID: requestID
        ).response(json, headers: headers)
    }

    package static func contentTooLarge(_ limit: Int) -> HTTPError {
        HTTPError(.contentTooLarge, "The body is larger than the \(limit) bytes allowed here.")
    }

    package static func badRequest(_ detail: String) -> HTTPError { HTTPError(.badRequest, detail) }
}

/// What is wrong with the fields of a request: for each field its messages, in the order they were found.
public struct FieldErrors: Sendable, Encodable {
    /// What is wrong with one field.
    public struct Entry: Sendable, Hashable {
        /// Its name on the wire; a path such as `items[2].price` inside a struct.
        public let field: String
        /// In the order they were found.
        public fileprivate(set) var messages: [String]
    }
    /// The fields in the order in which something was first found wrong with them, 50 messages at most.
    public private(set) var messages: [Entry] = []
    private var count = 0
    /// True where there were more, which are left out.
    public private(set) var isCut = false
    /// How many errors are told; who sends thousands of wrong fields reads no further.
    static let maximumCount = 50

    /// Nothing is wrong, yet.
    public init() {}

    /// One thing that is wrong.
    public init(_ field: String, _ message: String) { add(field, message) }

    /// True while nothing is wrong.
    public var isEmpty: Bool { messages.isEmpty }

    /// What is wrong with the field of that name; nothing where it is empty.
    public subscript(field: String) -> [String] { messages.first { $0.field == field }?.messages ?? [] }

    /// - Parameter field: the field's name on the wire; a path such as `address.city` inside a struct.
    public mutating func add(_ field: String, _ message: String) {
        guard count < Self.maximumCount else {
            isCut = true
            return
        }
        count += 1
        if let index = messages.firstIndex(where: { $0.field == field }) {
            messages[index].messages.append(message)
        } else {
            messages.append(Entry(field: field, messages: [message]))
        }
    }

    /// Others were found, and left out.
    mutating func cut() { isCut = true }

    /// Adds others, whose fields are members of what has the name; "" for fields that have their names already.
    mutating func add(_ others: FieldErrors, under prefix: String = "") {
        for entry in others.messages {
            let field = entry.field
            let isInside = !prefix.isEmpty && !field.isEmpty && !field.hasPrefix("[")
            for message in entry.messages { add(isInside ? "\(prefix).\(field)" : prefix + field, message) }
        }
        if others.isCut { cut() }
    }

    /// The same in another language.
    func translated(_ translated: (String) -> String) -> FieldErrors {
        var errors = self
        errors.messages = messages.map { Entry(field: $0.field, messages: $0.messages.map(translated)) }
        return errors
    }

    /// Writes an object: the messages of each field, by its name.
    public func encode(to encoder: any Encoder) throws {
        // A dictionary, because names on the wire are not to be changed.
        var container = encoder.singleValueContainer()
        try container.encode(Dictionary(messages.map { ($0.field, $0.messages) }) { first, _ in first })
    }
}

/// A coding key made from any text.
struct FieldKey: CodingKey, Hashable {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
