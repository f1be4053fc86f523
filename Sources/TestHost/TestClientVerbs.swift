import HTTPTypes
import MartletCore
import NIOCore

// The request methods by name.
extension TestClient {
    @discardableResult
    public func get(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.get, target.requestTarget, headers: headers)
    }

    @discardableResult
    public func head(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.head, target.requestTarget, headers: headers)
    }

    @discardableResult
    public func options(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse
    {
        try await request(.options, target.requestTarget, headers: headers)
    }

    @discardableResult
    public func delete(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse
    {
        try await request(.delete, target.requestTarget, headers: headers)
    }

    /// Posts fields as a form, as a browser would; with files as `multipart/form-data`.
    @discardableResult
    public func post(
        _ target: some RequestTargetConvertible, form: KeyValuePairs<String, String> = [:],
        files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await request(.post, target.requestTarget, headers: headers, form: form, files: files)
    }

    /// Posts a value as JSON.
    @discardableResult
    public func post(_ target: some RequestTargetConvertible, json: some Encodable, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        try await request(.post, target.requestTarget, headers: headers, json: json)
    }

    @discardableResult
    public func put(
        _ target: some RequestTargetConvertible, form: KeyValuePairs<String, String> = [:],
        files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await request(.put, target.requestTarget, headers: headers, form: form, files: files)
    }

    @discardableResult
    public func put(_ target: some RequestTargetConvertible, json: some Encodable, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        try await request(.put, target.requestTarget, headers: headers, json: json)
    }

    @discardableResult
    public func patch(
        _ target: some RequestTargetConvertible, form: KeyValuePairs<String, String> = [:],
        files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await request(.patch, target.requestTarget, headers: headers, form: form, files: files)
    }

    @discardableResult
    public func patch(_ target: some RequestTargetConvertible, json: some Encodable, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        try await request(.patch, target.requestTarget, headers: headers, json: json)
    }
}
