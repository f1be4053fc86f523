import HTTPTypes
import MartletCore
import MartletMiddleware

extension TestHost {
    /// A client with no cookies yet.
    ///
    /// - Parameter headers: sent with every request, such as `[.authorization: "Bearer …"]`.
    public func client(headers: HTTPFields = [:]) -> TestClient { TestClient(self, headers: headers) }

    /// A client with a session, as if it had logged in: the session lives in the store of the app's `Sessions` middleware.
    ///
    /// - Parameter session: the session's values.
    /// - Throws: `TestHostError` where the app does not use `Sessions`.
    public func client(session: [String: String], headers: HTTPFields = [:]) async throws -> TestClient {
        let sessions = application.middleware.compactMap { $0 as? Sessions }
        guard !sessions.isEmpty else {
            throw TestHostError(
                "A client cannot have a session here: the app does not use(Sessions(…)). Add it, or log in by a request."
            )
        }
        let client = client(headers: headers)
        for sessions in sessions { client.cookies[sessions.cookieName] = try await sessions.start(session).text }
        return client
    }

    /// A client of a user: one whose session has the user's id under `user_id`.
    ///
    /// - Parameter session: what else the session has.
    /// - Throws: `TestHostError` where the app does not use `Sessions`.
    public func client(
        user: String, session: [String: String] = [:], headers: HTTPFields = [:]
    ) async throws -> TestClient {
        try await client(session: session.merging(["user_id": user]) { $1 }, headers: headers)
    }

    /// Opens a stream of events for a client; for one without cookies where none is given.
    ///
    /// - Throws: `UnexpectedResponse` where the application answers with something else.
    public func stream(
        _ target: some RequestTargetConvertible, as client: TestClient? = nil, method: HTTPRequest.Method = .get,
        headers: HTTPFields = [:], form: KeyValuePairs<String, String>? = nil
    ) async throws -> TestStream {
        try await own(client).stream(target, method: method, headers: headers, form: form)
    }

    /// - Throws: `TestHostError` for a client of another host.
    func own(_ client: TestClient?) throws -> TestClient {
        guard let client else { return self.client() }
        guard client.host === self else { throw TestHostError("The client belongs to another host.") }
        return client
    }
}
