import HTTPTypes
import MartletCore
import NIOCore

/// A request's head after every check that HTTP/1.1's framing asks for (RFC 9112).
struct RequestHead {
    let method: HTTPRequest.Method
    let target: String
    /// Of an absolute target.
    let scheme: String?
    let headers: HTTPFields
    let isHTTP10: Bool
    let keepAlive: Bool
    let expectsContinue: Bool
    let body: Body

    enum Body {
        case none
        case length(Int)
        case chunked
    }
}

/// A head of which the start line and some fields have come.
struct RequestHeadDraft {
    let method: HTTPRequest.Method
    private let target: RequestTarget
    private let isHTTP10: Bool
    private var fields = HTTPFields()
    private var fieldCount = 0
    private var bytes = 0
    private var hosts = 0
    private var contentTypes = 0
    private var length: Int?
    private var codings: [String] = []
    private var closes = false
    private var keepsAlive = false
    private var expectsContinue = false

    /// - Parameter length: of the line at the buffer's front.
    /// - Throws: 400, 414, 501 or 505.
    init(startLine buffer: ByteBuffer, length: Int, limits: Limits) throws(HTTPError) {
        let bytes = buffer.readableBytesUInt8Span
        var methodEnd = 0
        while methodEnd < length, bytes[methodEnd].isTokenCharacter { methodEnd += 1 }
        guard methodEnd > 0, methodEnd < length, bytes[methodEnd] == UInt8(ascii: " ") else {
            throw methodEnd > Self.maxMethodBytes ? Self.tooLong(startLine: buffer, limits) : .malformed("its method")
        }
        guard methodEnd <= Self.maxMethodBytes else { throw Self.tooLong(startLine: buffer, limits) }
        var targetEnd = methodEnd + 1
        while targetEnd < length, RequestTarget.allows(bytes[targetEnd]) { targetEnd += 1 }
        guard targetEnd - methodEnd - 1 <= limits.maxTargetBytes else { throw Self.targetTooLong(limits) }
        guard targetEnd > methodEnd + 1, targetEnd == length || bytes[targetEnd] == UInt8(ascii: " ") else {
            throw .malformed("its target")
        }
        isHTTP10 = try Self.isHTTP10(buffer.text(min(targetEnd + 1, length)..<length))
        let name = buffer.text(0..<methodEnd)
        guard let method = Self.method(name) else { throw Self.unknownMethod(name) }
        self.method = method
        target = try RequestTarget(buffer.text(methodEnd + 1..<targetEnd), method)
        fields.reserveCapacity(8)
    }

    private static func isHTTP10(_ version: String) throws(HTTPError) -> Bool {
        if version == "HTTP/1.1" { return false }
        let digits = Array(version.utf8.dropFirst(5))
        guard version.hasPrefix("HTTP/"), digits.count == 3, digits[1] == UInt8(ascii: "."),
            let major = Int(String(decoding: digits[..<1], as: UTF8.self)),
            let minor = Int(String(decoding: digits[2...], as: UTF8.self))
        else { throw .malformed("its version") }
        guard major == 1 else { throw HTTPError(.httpVersionNotSupported, "This server speaks HTTP/1.1.") }
        // RFC 9110 section 2.5: a later minor version is read as the highest that is known.
        return minor == 0
    }

    /// RFC 9110 section 9.1: a method that nobody registered is not implemented, whatever the target.
    private static func method(_ name: String) -> HTTPRequest.Method? {
        switch name {
        case "GET": .get
        case "POST": .post
        default: registeredMethods.contains(name) ? HTTPRequest.Method(name) : nil
        }
    }

    /// The IANA registry of methods, less CONNECT, which is for proxies, and PRI, which is HTTP/2's.
    private static let registeredMethods: Set<String> = [
        "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "DELETE", "HEAD", "LABEL", "LINK", "LOCK",
        "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS", "ORDERPATCH",
        "PATCH", "PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE", "UNBIND", "UNCHECKOUT",
        "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
    ]

    // MARK: - Fields

    /// - Parameter length: of the line at the buffer's front.
    /// - Throws: 400, 417 or 431.
    mutating func addField(_ buffer: ByteBuffer, length lineLength: Int, limits: Limits) throws(HTTPError) {
        try checkSize(adding: lineLength + 2, limits: limits)
        bytes += lineLength + 2
        fieldCount += 1
        guard fieldCount <= limits.maxHeaderFields else {
            throw HTTPError(
                .requestHeaderFieldsTooLarge, "There are more than \(limits.maxHeaderFields) header fields.")
        }
        let line = try FieldLine(buffer, length: lineLength)
        if line.hasUnderscore, !limits.acceptsUnderscoresInFieldNames { return }
        let (name, role) = try line.name(in: buffer)
        let value = buffer.text(line.value)
        switch role {
        case .host:
            hosts += 1
            guard RequestTarget.isAuthority(value) else { throw .malformed("its Host") }
        case .contentLength:
            guard length == nil, let parsed = Self.length(value) else { throw .malformed("its Content-Length") }
            length = parsed
        case .contentType:
            contentTypes += 1
            guard contentTypes == 1 else { throw .malformed("its Content-Type is told twice") }
        case .transferEncoding:
            codings += Self.options(value)
        case .connection:
            let options = Self.options(value)
            closes = closes || options.contains("close")
            keepsAlive = keepsAlive || options.contains("keep-alive")
        case .expect:
            guard value.lowercased() == "100-continue" else {
                throw HTTPError(.expectationFailed, "The expectation is unknown.")
            }
            expectsContinue = true
        case .other:
            break
        }
        fields.append(HTTPField(name: name, value: value))
    }

    /// The head, when the empty line behind it has come.
    func head() throws(HTTPError) -> RequestHead {
        // RFC 9112 section 3.2: exactly one, which HTTP/1.0 may leave out.
        guard hosts == 1 || (hosts == 0 && isHTTP10) else { throw .malformed("its Host is missing or repeated") }
        var headers = fields
        if let authority = target.authority, let host = Self.host { headers[host] = authority }
        return RequestHead(
            method: method, target: target.originForm, scheme: target.scheme, headers: headers, isHTTP10: isHTTP10,
            keepAlive: isHTTP10 ? keepsAlive && !closes : !closes, expectsContinue: expectsContinue && !isHTTP10,
            body: try body())
    }

    private func body() throws(HTTPError) -> RequestHead.Body {
        guard !codings.isEmpty else { return length.map { $0 == 0 ? .none : .length($0) } ?? .none }
        // Two ways to tell the length: how requests are smuggled (section 6.1).
        guard length == nil, !isHTTP10 else { throw .malformed("its length is told twice") }
        if codings == ["chunked"] { return .chunked }
        guard codings.last == "chunked", codings.dropLast().allSatisfy({ $0 != "chunked" && !$0.isEmpty }) else {
            throw .malformed("its Transfer-Encoding")
        }
        throw HTTPError(.notImplemented, "The only transfer coding here is chunked.")
    }

    /// The library keeps this name for HTTP/2's pseudo-field.
    private static let host = HTTPField.Name("Host")

    /// The elements of a list, in lower case.
    private static func options(_ value: String) -> [String] {
        value.lowercased().split(separator: ",", omittingEmptySubsequences: false).map { element in
            var element = element.drop { $0 == " " || $0 == "\t" }
            while element.last == " " || element.last == "\t" { element.removeLast() }
            return String(element)
        }
    }

    /// Digits alone: no sign, no list, no overflow, and no zero in front, which some read as octal.
    private static func length(_ text: String) -> Int? {
        guard text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else { return nil }
        return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    // MARK: - Size

    /// - Throws: 431 where so many more bytes are too many.
    func checkSize(adding count: Int, limits: Limits) throws(HTTPError) {
        guard bytes + count <= limits.maxHeaderBytes else { throw Self.headerTooLarge(limits) }
    }

    static func headerTooLarge(_ limits: Limits) -> HTTPError {
        HTTPError(.requestHeaderFieldsTooLarge, "The header is larger than \(limits.maxHeaderBytes) bytes.")
    }

    private static func unknownMethod(_ name: String) -> HTTPError {
        HTTPError(.notImplemented, "The method \(name.prefix(maxMethodBytes)) is not known here.")
    }

    /// No registered method is longer.
    private static let maxMethodBytes = 32

    /// What a start line is refused with that has not ended within the limits (RFC 9112 section 3): the method is too long,
    /// or the target is.
    static func tooLong(startLine buffer: ByteBuffer, _ limits: Limits) -> HTTPError {
        let bytes = buffer.readableBytesView.prefix(maxMethodBytes)
        let isMethod = bytes.allSatisfy(\.isTokenCharacter)
        return isMethod ? unknownMethod(String(decoding: bytes, as: UTF8.self)) : targetTooLong(limits)
    }

    private static func targetTooLong(_ limits: Limits) -> HTTPError {
        HTTPError(.uriTooLong, "The target is longer than \(limits.maxTargetBytes) bytes.")
    }
}
