import Martlet
import MartletTesting
import NIOCore
import Testing

/// What tests look at in an `application/problem+json` body (RFC 9457).
struct ReceivedProblem: Decodable {
    let type: String
    let title: String
    let status: Int
    let detail: String?
    let errors: [String: [String]]?
    let requestId: String?
}

extension TestResponse {
    func problem() throws -> ReceivedProblem {
        #expect(headers[.contentType] == "application/problem+json")
        let problem = try json(ReceivedProblem.self)
        #expect(problem.status == status.code)
        return problem
    }
}

extension TestClient {
    func send(
        _ body: String, as contentType: String, to target: String, method: HTTPRequest.Method = .post
    ) async throws -> TestResponse {
        try await send(ByteBuffer(string: body), as: contentType, to: target, method: method)
    }

    func send(
        _ body: ByteBuffer, as contentType: String, to target: String, method: HTTPRequest.Method = .post
    ) async throws -> TestResponse {
        try await request(method, target, headers: [.contentType: contentType], body: body)
    }
}
