import HTTPTypes
import NIOCore

/// An error as the client sees it: RFC 9457, `application/problem+json`.
struct Problem: Encodable {
    let type = "about:blank"
    let title: String
    let status: Int
    let detail: String?
    let errors: FieldErrors?
    let requestId: String?

    init(_ status: HTTPResponse.Status, detail: String?, errors: FieldErrors? = nil, requestID: String? = nil) {
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
        self.errors = errors
        requestId = requestID
    }

    private enum CodingKeys: CodingKey { case type, title, status, detail, errors, requestId }

    func response(_ json: JSON, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        // Encoding texts and numbers does not fail.
        let body = (try? json.buffer(of: self)) ?? ByteBuffer()
        return Response(status: .init(code: status, reasonPhrase: title), headers: headers, body: .buffer(body))
    }
}
