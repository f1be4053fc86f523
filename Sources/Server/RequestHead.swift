import HTTPTypes
import MartletCore
import NIOHTTP1

/// A request's head after every check that HTTP/1.1's framing asks for (RFC 9112).
struct RequestHead {
    let method: HTTPRequest.Method
    let target: String
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

    /// - Throws: `HTTPError` with the status that refuses it.
    init(_ head: HTTPRequestHead, limits: Limits) throws(HTTPError) {
        guard head.version == .http1_1 || head.version == .http1_0 else {
            throw HTTPError(.httpVersionNotSupported, "This server speaks HTTP/1.1.")
        }
        isHTTP10 = head.version == .http1_0
        guard head.uri.utf8.count <= limits.maxTargetBytes else {
            throw HTTPError(.uriTooLong, "The target is longer than \(limits.maxTargetBytes) bytes.")
        }
        guard let method = HTTPRequest.Method(head.method.rawValue) else { throw Self.malformed("its method") }
        self.method = method
        target = try Self.originForm(head.uri, method)

        guard head.headers.count <= limits.maxHeaderFields else {
            throw HTTPError(
                .requestHeaderFieldsTooLarge, "There are more than \(limits.maxHeaderFields) header fields.")
        }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var bytes = 0
        var hosts = 0
        var length: Int?
        var codings: [String] = []
        var closes = false
        var keepsAlive = false
        var expects = false
        for (name, value) in head.headers {
            bytes += name.utf8.count + value.utf8.count + 4
            guard let fieldName = HTTPField.Name(name) else { throw Self.malformed("a header field's name") }
            guard HTTPField.isValidValue(value) else { throw Self.malformed("the value of \(name)") }
            switch fieldName {
            case Self.host:
                hosts += 1
                guard Self.isHost(value) else { throw Self.malformed("its Host") }
            case .contentLength:
                guard length == nil, let parsed = Self.length(value) else { throw Self.malformed("its Content-Length") }
                length = parsed
            case .transferEncoding:
                codings.append(value.lowercased())
            case .connection:
                let options = value.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
                closes = closes || options.contains("close")
                keepsAlive = keepsAlive || options.contains("keep-alive")
            case .expect:
                guard value.lowercased() == "100-continue" else {
                    throw HTTPError(.expectationFailed, "The expectation is unknown.")
                }
                expects = true
            default:
                break
            }
            fields.append(HTTPField(name: fieldName, value: value))
        }
        guard bytes <= limits.maxHeaderBytes else {
            throw HTTPError(.requestHeaderFieldsTooLarge, "The header is larger than \(limits.maxHeaderBytes) bytes.")
        }
        // RFC 9112 section 3.2: exactly one, which HTTP/1.0 may leave out.
        guard hosts == 1 || (hosts == 0 && isHTTP10) else { throw Self.malformed("its Host is missing or repeated") }
        switch (codings.isEmpty, length) {
        case (true, nil), (true, 0?):
            body = .none
        case (true, let length?):
            body = .length(length)
        case (false, nil) where !isHTTP10:
            guard codings == ["chunked"] else {
                throw HTTPError(.notImplemented, "The only transfer coding here is chunked.")
            }
            body = .chunked
        case (false, _):
            // Two ways to tell the length: how requests are smuggled (section 6.1).
            throw Self.malformed("its length is told twice")
        }
        headers = fields
        keepAlive = isHTTP10 ? keepsAlive && !closes : !closes
        expectsContinue = expects && !isHTTP10
    }

    /// The library keeps this name for HTTP/2's pseudo-field.
    private static let host = HTTPField.Name("Host")

    private static func malformed(_ part: String) -> HTTPError {
        HTTPError(.badRequest, "The request is malformed: \(part).")
    }

    /// The path and query of the target's four forms (RFC 9112 section 3.2).
    private static func originForm(_ target: String, _ method: HTTPRequest.Method) throws(HTTPError) -> String {
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
            throw malformed("its target")
        }
        if target.utf8.first == UInt8(ascii: "/") { return target }
        if target == "*", method == .options { return target }
        // RFC 9110 section 4.2.3: the scheme matches in any case.
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.utf8.dropFirst(scheme.utf8.count)
            guard let slash = rest.firstIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }) else {
                return "/"
            }
            let origin = target[slash...]
            return origin.hasPrefix("/") ? String(origin) : "/\(origin)"
        }
        throw malformed("its target")
    }

    /// Digits alone: no sign, no list, no overflow.
    private static func length(_ text: String) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    /// A host and perhaps a port, by the characters that RFC 3986 section 3.2.2 allows.
    private static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~:[]%!$&'()*+;=".utf8.contains(byte)
            }
        } && !text.isEmpty
    }
}
