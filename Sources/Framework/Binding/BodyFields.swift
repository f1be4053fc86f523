import HTTPTypes
import NIOCore

/// The fields of a request's body, in the format that its Content-Type tells.
enum BodyFields {
    /// Not asked for, or impossible to read: that was noted.
    case unread
    case buffered(ByteBuffer, BodyFormat)
    case empty
    case form(FormFields)
    case json(KeyedDecodingContainer<FieldKey>, ByteBuffer)

    /// - Throws: `HTTPError` 415 for a type that has no fields, 400 for a body that does not follow its format.
    init(_ buffer: ByteBuffer, of request: Request, _ json: JSON) throws {
        guard buffer.readableBytes > 0 else {
            self = .empty
            return
        }
        try self.init(buffer, BodyFormat(of: request), json)
    }

    init(_ buffer: ByteBuffer, _ format: BodyFormat, _ json: JSON) throws {
        switch format {
        case .form:
            guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
                throw HTTPError.badRequest("The form is not UTF-8.")
            }
            self = .form(try FormFields(urlEncoded: text))
        case .multipart(let boundary):
            self = .form(try MultipartForm.textFields(buffer, boundary: boundary))
        case .json:
            let text = try JSONText(buffer).buffer
            do {
                self = .json(try json.decodeAsWritten(JSONObject.self, from: text).members, text)
            } catch {
                throw HTTPError.badRequest("The body must be a JSON object.")
            }
        }
    }

    /// A field that is a text or, in JSON, a scalar.
    func text(_ name: String) -> String? {
        switch self {
        case .unread, .buffered, .empty:
            return nil
        case .form(let form):
            return form[name]
        case .json(let members, _):
            let key = FieldKey(name)
            if let text = try? members.decode(String.self, forKey: key) { return text }
            if let value = try? members.decode(Bool.self, forKey: key) { return "\(value)" }
            return (try? members.decode(UInt64.self, forKey: key)).map { "\($0)" }
        }
    }
}

/// A JSON object whose members are decoded one by one, later: Foundation's containers keep what they stand on.
private struct JSONObject: Decodable {
    let members: KeyedDecodingContainer<FieldKey>
    init(from decoder: any Decoder) throws { members = try decoder.container(keyedBy: FieldKey.self) }
}
