import HTTPTypes
import NIOCore

// The request methods by name.
extension TestClient {
    @discardableResult
    public func get(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.get, target, headers: headers)
    }

    @discardableResult
    public func head(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.head, target, headers: headers)
    }

    @discardableResult
    public func options(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.options, target, headers: headers)
    }

    @discardableResult
    public func delete(_ target: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.delete, target, headers: headers)
    }

    /// Posts fields as a form, as a browser would; with files as `multipart/form-data`.
    @discardableResult
    public func post(
        _ target: String, form: KeyValuePairs<String, String> = [:], files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse { try await request(.post, target, headers: headers, form: form, files: files) }

    /// Posts a value as JSON.
    @discardableResult
    public func post(_ target: String, json: some Encodable, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.post, target, headers: headers, json: json)
    }

    @discardableResult
    public func put(
        _ target: String, form: KeyValuePairs<String, String> = [:], files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse { try await request(.put, target, headers: headers, form: form, files: files) }

    @discardableResult
    public func put(_ target: String, json: some Encodable, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.put, target, headers: headers, json: json)
    }

    @discardableResult
    public func patch(
        _ target: String, form: KeyValuePairs<String, String> = [:], files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse { try await request(.patch, target, headers: headers, form: form, files: files) }

    @discardableResult
    public func patch(_ target: String, json: some Encodable, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.patch, target, headers: headers, json: json)
    }
}
