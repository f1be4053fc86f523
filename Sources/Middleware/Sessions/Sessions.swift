import HTTPTypes
import MartletCore

/// Gives every request `ctx.session`.
public struct Sessions: ImmediateMiddleware, TimedMiddleware {
    private let store: any SessionStore
    /// The store, where it never waits.
    private let immediate: (any ImmediateSessionStore)?
    package let cookieName: String
    private let isSecure: Bool

    /// - Parameters:
    ///   - store: `.memory`, or one of your own.
    ///   - cookieName: the cookie that carries the id.
    ///   - isSecure: true where the app is served over TLS, so that the cookie never travels without.
    public init(_ store: some SessionStore, cookieName: String = "martlet_session", isSecure: Bool = false) {
        self.store = store
        immediate = store as? any ImmediateSessionStore
        self.cookieName = cookieName
        self.isSecure = isSecure
    }

    /// Gives the request its session, and does in the store what the request changed; waits only for a store that does.
    ///
    /// - Throws: what an ``ImmediateSessionStore`` throws.
    public func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard let immediate else { return .later(ctx) { try await respond(to: ctx, next: next) } }
        var found: (SessionID, [String: String])?
        try forEachID(of: ctx.request) { id in
            found = try immediate.load(id).map { (id, $0) }
            return found == nil
        }
        let session = begin(found, ctx)
        let answer = next.answer(ctx)
        // The rule: nothing to do, and nothing that would have to be kept for later.
        if case .now = answer, case .unchanged = session.outcome { return answer }
        return answer.map(ctx) { response in
            guard let end = try end(of: session) else { return }
            for change in end.changes { try immediate.apply(change) }
            set(end.cookie, on: &response)
        }
    }

    /// The same for a store that waits: the response goes out when the store has taken the changes.
    ///
    /// - Throws: what the store throws.
    public func respond(to ctx: Context, next: Next) async throws -> Response {
        var found: (SessionID, [String: String])?
        var ids: [SessionID] = []
        forEachID(of: ctx.request) { id in
            ids.append(id)
            return true
        }
        for id in ids {
            found = try await store.load(id).map { (id, $0) }
            if found != nil { break }
        }
        let session = begin(found, ctx)
        var response = try await next(ctx)
        guard let end = try end(of: session) else { return response }
        for change in end.changes { try await store.apply(change) }
        set(end.cookie, on: &response)
        return response
    }

    /// What the client says its session is: one id, unless another path or domain has set a cookie of that name, too.
    ///
    /// - Parameter goesOn: false where it needs no more.
    private func forEachID(of request: Request, _ goesOn: (SessionID) throws -> Bool) rethrows {
        var count = 0
        try request.forEachCookie(cookieName) { value in
            guard let id = SessionID(value) else { return true }
            count += 1
            return try goesOn(id) && count < Self.maximumIDs
        }
    }

    /// How many ids of one client are looked up.
    private static let maximumIDs = 4

    /// - Parameter found: nil where the store knows none of the ids. None is adopted: the client gets a new one with its
    ///   first value.
    private func begin(_ found: (id: SessionID, values: [String: String])?, _ ctx: Context) -> Session {
        let session = Session(storedID: found?.id, values: found?.values ?? [:])
        ctx[KeptSession.self] = session
        return session
    }

    /// What there is to do when the request is answered: in the store, and in the client.
    private func end(of session: Session) throws -> (changes: [SessionChange], cookie: SetCookie?)? {
        var removal: [SessionChange] { session.storedID.map { [.remove($0)] } ?? [] }
        switch session.outcome {
        case .unchanged:
            return nil
        case .update(let changes):
            return (session.storedID.map { [.update($0, changes)] } ?? [], nil)
        case .create(let values), .replace(let values):
            let id = SessionID()
            return (removal + [.create(id, values)], try cookie(id.text))
        case .destroy:
            return (removal, try cookie("", maxAge: .zero))
        }
    }

    private func set(_ cookie: SetCookie?, on response: inout Response) {
        guard let cookie else { return }
        response.headers.append(HTTPField(name: .setCookie, value: cookie.headerValue))
        // What one client's cookie made must not be another's from a shared cache (RFC 9111 section 7.3).
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache=\"set-cookie\"" }
    }

    /// Makes a session that no request has asked for: how a test's client is signed in.
    package func start(_ values: [String: String]) async throws -> SessionID {
        let id = SessionID()
        try await store.create(id, values)
        return id
    }

    package func follow(_ clock: any Clock<Duration>, wall: WallClock) { (store as? MemorySessionStore)?.follow(clock) }

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

private enum KeptSession: ContextKey {
    typealias Value = Session
}

extension Context {
    /// The client's session. Without the `Sessions` middleware the request is answered with 500, and the log says why: a
    /// sign-in that is forgotten must not look like one.
    public var session: Session {
        if let session = self[KeptSession.self] { return session }
        fail(SessionsMissingError())
        let session = Session(storedID: nil, values: [:])
        self[KeptSession.self] = session
        return session
    }
}

/// An app asks for sessions and has none.
struct SessionsMissingError: Error, CustomStringConvertible {
    let description = """
        ctx.session was used where no Sessions middleware is outside: add app.use(Sessions(.memory)) to the app's configure, \
        before the middleware that needs it.
        """
}
