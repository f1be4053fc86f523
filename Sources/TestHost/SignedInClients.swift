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
        try await client(nil, session, headers)
    }

    private func client(_ user: String?, _ session: [String: String], _ headers: HTTPFields) async throws -> TestClient
    {
        let sessions = application.middleware.compactMap { $0 as? Sessions }
        guard !sessions.isEmpty else {
            throw TestHostError(
                "A client cannot have a session here: the app does not use(Sessions(…)). Add it, or log in by a request."
            )
        }
        let client = client(headers: headers)
        for sessions in sessions {
            let id = try await sessions.start(session, user: user)
            client.cookies[sessions.cookieName(overTLS: false)] = id.text
        }
        return client
    }

    /// A client that is signed in as a user, as `ctx.auth.signIn(…)` would have done: `host.client(as: User(id: "1", roles:
    /// ["admin"]))`.
    ///
    /// - Parameters:
    ///   - methods: by what the user was recognised, in the words of RFC 8176.
    ///   - session: what else the session has.
    ///   - csrf: false for a client that brings no token where the app's `CSRFProtection` asks for one.
    /// - Throws: `TestHostError` where the app does not use `Sessions`.
    public func client(
        as user: User, methods: [String] = ["pwd"], session: [String: String] = [:], headers: HTTPFields = [:],
        csrf: Bool = true
    ) async throws -> TestClient {
        var headers = headers
        let values = Session.values(of: user, methods: methods)
        let (secret, token) = Session.csrfValues()
        if csrf, let field = CSRFProtection.tokenField { headers[field] = token }
        return try await client(user.id, values.merging(secret) { $1 }.merging(session) { $1 }, headers)
    }

    /// A client that sends a token with every request, as programs do.
    public func client(bearer token: String, headers: HTTPFields = [:]) -> TestClient {
        var headers = headers
        headers[.authorization] = "Bearer \(token)"
        return client(headers: headers)
    }

    /// A client of a user: one whose session is that user's, and has the user's id under `user_id` as well.
    ///
    /// - Parameter session: what else the session has.
    /// - Throws: `TestHostError` where the app does not use `Sessions`.
    public func client(
        user: String, session: [String: String] = [:], headers: HTTPFields = [:]
    ) async throws -> TestClient {
        try await client(user, session.merging(["user_id": user]) { $1 }, headers)
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
