import HTTPTypes
import NIOCore

/// The fields of a request's body, in the format that its Content-Type tells.
enum BodyFields {
    /// Not asked for, or impossible to read: that was noted.
    case unread
    case buffered(ByteBuffer)
    case empty
    case form(FormFields)
    case json(KeyedDecodingContainer<FieldKey>, ByteBuffer)

    /// - Throws: `HTTPError` 415 for a type that has no fields, 400 for a body that does not follow its format.
    init(_ buffer: ByteBuffer, of request: Request) throws {
        guard buffer.readableBytes > 0 else {
            self = .empty
            return
        }
        let type = MediaType(request.headers[.contentType] ?? "")
        switch type.essence {
        case "application/x-www-form-urlencoded":
            guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
                throw HTTPError.badRequest("The form is not UTF-8.")
            }
            self = .form(try FormFields(urlEncoded: text))
        case "multipart/form-data":
            self = .form(try MultipartForm.textFields(buffer, boundary: type["boundary"] ?? ""))
        case _ where type.isJSON:
            do {
                self = .json(try JSON.decode(JSONObject.self, from: buffer).members, buffer)
            } catch DecodingError.typeMismatch, DecodingError.valueNotFound {
                throw HTTPError.badRequest("The body must be a JSON object.")
            } catch {
                throw HTTPError.badRequest("The body is not valid JSON.")
            }
        default:
            throw Self.unsupportedType
        }
    }
}

extension BodyFields {
    /// Refuses a body of which no fields can be read, before it is asked for.
    ///
    /// - Throws: `HTTPError` 415.
    static func checkType(of request: Request) throws {
        guard !request.body.isEmpty, request.body.declaredLength != 0 else { return }
        let type = MediaType(request.headers[.contentType] ?? "")
        switch type.essence {
        case "application/x-www-form-urlencoded", "multipart/form-data": return
        default: if !type.isJSON { throw unsupportedType }
        }
    }

    private static let unsupportedType = HTTPError(
        .unsupportedMediaType,
        "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data.")

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

extension MediaType {
    var isJSON: Bool { essence == "application/json" || essence.hasSuffix("+json") }
}

extension Request {
    var isJSON: Bool { MediaType(headers[.contentType] ?? "").isJSON }
}
