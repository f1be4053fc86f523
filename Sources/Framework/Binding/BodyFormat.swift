import HTTPTypes

/// A format in which a body has fields, told by its `Content-Type`.
enum BodyFormat {
    case form
    case multipart(boundary: String)
    case json

    /// - Throws: `HTTPError` 415 for any other type, charset or coding.
    init(of request: Request) throws(HTTPError) {
        // RFC 9110 section 15.5.16: the codings that would have been taken.
        let codings = request.headers[values: .contentEncoding].joined(separator: ",").lowercased()
        guard codings.allSatisfy({ $0 == " " || $0 == "," }) || codings == "identity" || request.body.isDecoded else {
            throw HTTPError(
                .unsupportedMediaType, "The body must not have a Content-Encoding.",
                headers: [.acceptEncoding: "identity"])
        }
        let type = MediaType(request.headers[.contentType] ?? "")
        switch type.essence {
        case "application/x-www-form-urlencoded": self = .form
        case "multipart/form-data": self = .multipart(boundary: type["boundary"] ?? "")
        case let essence where essence == "application/json" || essence.hasSuffix("+json"): self = .json
        default:
            throw HTTPError(
                .unsupportedMediaType,
                "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data.")
        }
        guard let charset = type["charset"]?.lowercased(), charset != "utf-8", charset != "utf8", charset != "us-ascii"
        else { return }
        throw HTTPError(.unsupportedMediaType, "The body's charset must be UTF-8.")
    }

    /// Refuses a body of which no fields can be read, before it is asked for.
    ///
    /// - Throws: `HTTPError` 415.
    static func check(_ request: Request) throws(HTTPError) {
        guard !request.body.isEmpty, request.body.declaredLength != 0 else { return }
        _ = try BodyFormat(of: request)
    }
}
