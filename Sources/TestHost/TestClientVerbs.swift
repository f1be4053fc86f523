import HTTPTypes
import MartletCore
import NIOCore

// The request methods by name.
extension TestClient {
    /// Sends a `GET` request. Redirects are not followed.
    ///
    /// - Parameters:
    ///   - target: a path with its query, or a link of an action.
    ///   - headers: besides the client's own fields; one with the same name takes the place of the client's.
    /// - Throws: `TestStreamError` where the response is a stream of events.
    @discardableResult
    public func get(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.get, target.requestTarget, headers: headers)
    }

    /// Sends a `HEAD` request: the response has the header fields that `GET` would get, and no body.
    @discardableResult
    public func head(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await request(.head, target.requestTarget, headers: headers)
    }

    /// Sends an `OPTIONS` request, which asks what methods a path has.
    @discardableResult
    public func options(_ target: some RequestTargetConvertible, headers: HTTPFields = [:]) async throws -> TestResponse
    {
        try await request(.options, target.requestTarget, headers: headers)
    }

    /// Sends a `DELETE` request, without a body.
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

    /// Puts fields as a form; with files as `multipart/form-data`.
    @discardableResult
    public func put(
        _ target: some RequestTargetConvertible, form: KeyValuePairs<String, String> = [:],
        files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await request(.put, target.requestTarget, headers: headers, form: form, files: files)
    }

    /// Puts a value as JSON, by the application's settings.
    @discardableResult
    public func put(_ target: some RequestTargetConvertible, json: some Encodable, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        try await request(.put, target.requestTarget, headers: headers, json: json)
    }

    /// Sends fields as a form with `PATCH`; with files as `multipart/form-data`.
    @discardableResult
    public func patch(
        _ target: some RequestTargetConvertible, form: KeyValuePairs<String, String> = [:],
        files: KeyValuePairs<String, TestFile> = [:],
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await request(.patch, target.requestTarget, headers: headers, form: form, files: files)
    }

    /// Sends a value as JSON with `PATCH`, by the application's settings.
    @discardableResult
    public func patch(_ target: some RequestTargetConvertible, json: some Encodable, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        try await request(.patch, target.requestTarget, headers: headers, json: json)
    }
}
