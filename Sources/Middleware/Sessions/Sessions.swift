import HTTPTypes
import MartletCore

/// Gives every request `ctx.session`.
public struct Sessions: Middleware, TimedMiddleware {
    private let store: any SessionStore
    package let cookieName: String
    private let isSecure: Bool

    /// - Parameters:
    ///   - store: `.memory`, or one of your own.
    ///   - cookieName: the cookie that carries the id.
    ///   - isSecure: true where the app is served over TLS, so that the cookie never travels without.
    public init(_ store: some SessionStore, cookieName: String = "martlet_session", isSecure: Bool = false) {
        self.store = store
        self.cookieName = cookieName
        self.isSecure = isSecure
    }

    public func respond(to ctx: Context, next: Next) async throws -> Response {
        let session: Session
        // An id that the store does not know is not adopted: its client gets a new one with its first value.
        if let id = ctx.request.cookie(cookieName).flatMap(SessionID.init), let values = try await store.load(id) {
            session = Session(storedID: id, values: values)
        } else {
            session = Session(storedID: nil, values: [:])
        }
        ctx[SessionKey.self] = session
        var response = try await next(ctx)
        let outcome = session.outcome
        if case .unchanged = outcome { return response }
        if let cookie = try await save(session, outcome) {
            response.headers.append(HTTPField(name: .setCookie, value: cookie.headerValue))
            // What one client's cookie made must not be another's from a shared cache (RFC 9111 section 7.3).
            if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache=\"set-cookie\"" }
        }
        return response
    }

    /// - Returns: the cookie to set, if any.
    private func save(_ session: Session, _ outcome: Session.Outcome) async throws -> SetCookie? {
        switch outcome {
        case .unchanged:
            return nil
        case .update(let changes):
            if let id = session.storedID { try await store.update(id, changes) }
            return nil
        case .create(let values):
            return try await create(values)
        case .replace(let values):
            if let id = session.storedID { try await store.remove(id) }
            return try await create(values)
        case .destroy:
            if let id = session.storedID { try await store.remove(id) }
            return try cookie("", maxAge: .zero)
        }
    }

    private func create(_ values: [String: String]) async throws -> SetCookie {
        try cookie(try await start(values).text)
    }

    /// Makes a session that no request has asked for: how a test's client is signed in.
    package func start(_ values: [String: String]) async throws -> SessionID {
        let id = SessionID()
        try await store.create(id, values)
        return id
    }

    package func follow(_ clock: any Clock<Duration>) { (store as? MemorySessionStore)?.follow(clock) }

    private func cookie(_ value: String, maxAge: Duration? = nil) throws -> SetCookie {
        var cookie = try SetCookie(cookieName, value, maxAge: maxAge)
        cookie.isSecure = isSecure
        return cookie
    }
}

extension SessionStore where Self == MemorySessionStore {
    /// In this process's memory, for 30 minutes after their last use.
    public static var memory: MemorySessionStore { MemorySessionStore() }
}

private enum SessionKey: ContextKey {
    typealias Value = Session
}

extension Context {
    /// The client's session. Without the `Sessions` middleware it is empty and forgets everything.
    public var session: Session {
        if let session = self[SessionKey.self] { return session }
        logger.warning("ctx.session was used, but the app does not use(Sessions(…))")
        let session = Session(storedID: nil, values: [:])
        self[SessionKey.self] = session
        return session
    }
}
