import HTTPTypes
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension HTTPFields {
    // Made once and shared: a response that adds nothing copies nothing.
    package static let text: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
    package static let html: HTTPFields = [.contentType: "text/html; charset=utf-8"]
    package static let octets: HTTPFields = [.contentType: "application/octet-stream"]
    package static let json: HTTPFields = [.contentType: "application/json"]
}

extension Response: ResponseConvertible {
    /// The response itself.
    public func response(for context: Context) -> Response { self }
}

extension String: ResponseConvertible {
    /// 200 with the text as `text/plain` in UTF-8.
    public func response(for context: Context) -> Response {
        Response(headers: .text, body: .buffer(ByteBuffer(string: self)))
    }
}

/// Bytes are sent as they are, as `application/octet-stream`. For another type, return a `Response`.
extension ByteBuffer: ResponseConvertible {
    /// 200 with the bytes.
    public func response(for context: Context) -> Response { Response(headers: .octets, body: .buffer(self)) }
}

extension [UInt8]: ResponseConvertible {
    /// 200 with the bytes.
    public func response(for context: Context) -> Response { ByteBuffer(bytes: self).response(for: context) }
}

extension Data: ResponseConvertible {
    /// 200 with the bytes.
    public func response(for context: Context) -> Response { ByteBuffer(bytes: self).response(for: context) }
}

/// A page. The text is sent as it is: escape what comes from users.
public struct HTML: Sendable, ResponseConvertible {
    /// The HTML of the page.
    public var text: String

    /// A page with this HTML.
    public init(_ text: String) { self.text = text }

    /// 200 with the page as `text/html` in UTF-8.
    public func response(for context: Context) -> Response {
        Response(headers: .html, body: .buffer(ByteBuffer(string: text)))
    }
}

/// A bare status.
public struct Status: Sendable, ResponseConvertible {
    /// What is sent, and nothing with it.
    public var value: HTTPResponse.Status

    /// A response of this status, without content.
    public init(_ value: HTTPResponse.Status) { self.value = value }

    /// The status without content.
    public func response(for context: Context) -> Response { Response(status: value) }
}

/// Sends the client elsewhere (RFC 9110 section 15.4).
public struct Redirect: Sendable, ResponseConvertible {
    /// What `Location` says; what may not stand in a URI is percent-encoded when it is sent.
    public var location: String
    /// A status of redirection, 3xx; with any other the response is a 500.
    public var status: HTTPResponse.Status

    /// - Parameters:
    ///   - location: a path of this app, or an absolute URL; what may not stand in a URI is percent-encoded. Do not pass on
    ///     what a user sent: that is an open redirect.
    ///   - status: 303 by default, which is right after a form was posted.
    public init(to location: String, status: HTTPResponse.Status = .seeOther) {
        self.location = location
        self.status = status
    }

    /// Sends the client to an action: `Redirect(to: BookController.links.show(id: 7))`.
    public init(to link: Link, status: HTTPResponse.Status = .seeOther) {
        self.init(to: link.description, status: status)
    }

    /// - Throws: `HTTPError` 500 for a location with control characters.
    public func response(for context: Context) throws -> Response {
        guard HTTPField.isValidValue(location), status.kind == .redirection else {
            throw HTTPError(.internalServerError, "A redirect has a location or a status that it cannot have.")
        }
        return Response(status: status, headers: [.location: location])
    }
}

/// The JSON answer `{"code","msg","data"}`, with `count` where it is given: code 0 is success.
public struct Envelope: Sendable, ResponseConvertible {
    /// 0 for success; what else it means is the app's to say.
    public var code: Int
    /// A text for people, which may be empty.
    public var msg: String
    /// How many items there are in all, where `data` has some of them; nil leaves the member out.
    public var count: Int?
    private let data: (any Encodable & Sendable)?

    /// An answer of these members; without data it says `"data":null`.
    public init(code: Int = 0, msg: String = "", data: (any Encodable & Sendable)? = nil, count: Int? = nil) {
        self.code = code
        self.msg = msg
        self.data = data
        self.count = count
    }

    /// Success.
    public static func ok(_ msg: String = "", data: (any Encodable & Sendable)? = nil, count: Int? = nil) -> Envelope {
        Envelope(msg: msg, data: data, count: count)
    }

    /// Failure that is no HTTP error.
    public static func failed(_ msg: String, code: Int = 1) -> Envelope { Envelope(code: code, msg: msg) }

    /// The members stand in the order that the format documents, which an encoder does not promise.
    public func response(for context: Context) throws -> Response {
        let json = context.environment.json
        if json.isPretty { return Response(headers: .json, body: .buffer(try spread(json))) }
        var buffer = ByteBuffer(string: "{\"code\":\(code),\"msg\":")
        buffer.writeImmutableBuffer(try json.buffer(of: msg))
        buffer.writeString(",\"data\":")
        if let data { buffer.writeImmutableBuffer(try json.buffer(of: data)) } else { buffer.writeString("null") }
        if let count { buffer.writeString(",\"count\":\(count)") }
        buffer.writeString("}")
        return Response(headers: .json, body: .buffer(buffer))
    }

    /// A member on each line.
    private func spread(_ json: JSON) throws -> ByteBuffer {
        // No text in JSON has a line end in it.
        let data = try data.map { String(buffer: try json.buffer(of: $0)) } ?? "null"
        var members = ["\"code\" : \(code)", "\"msg\" : \(try json.text(of: msg))"]
        members.append("\"data\" : \(data.split(separator: "\n").joined(separator: "\n  "))")
        if let count { members.append("\"count\" : \(count)") }
        return ByteBuffer(string: "{\n  \(members.joined(separator: ",\n  "))\n}")
    }
}
