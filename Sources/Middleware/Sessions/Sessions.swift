import HTTPTypes
import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Gives every request `ctx.session`, and decides when a session is over.
///
///     app.use(Sessions(.memory, idleTime: .seconds(3600)))
///
/// Over TLS the cookie is `__Host-martlet_session`, which no other host can set, else `martlet_session`.
public struct Sessions: ImmediateMiddleware, TimedMiddleware, StreamingMiddleware {
    /// One object, since every session has it.
    private final class Settings: Sendable {
        let store: any SessionStore
        /// The store, where it never waits.
        let immediate: (any ImmediateSessionStore)?
        let ownCookieName: String?
        let isAlwaysSecure: Bool
        let idleTime: TimeInterval
        let lifetime: TimeInterval
        /// A use is noted when the last that was is older: not each costs a write.
        let useResolution: TimeInterval

        init(
            _ store: some SessionStore, idleTime: TimeInterval, lifetime: TimeInterval, cookieName: String?,
            isSecure: Bool
        ) {
            self.store = store
            immediate = store as? any ImmediateSessionStore
            self.idleTime = idleTime
            self.lifetime = lifetime
            useResolution = min(60, idleTime / 30)
            ownCookieName = cookieName
            isAlwaysSecure = isSecure
        }
    }
    private let settings: Settings
    private let watch: SessionWatch

    /// - Parameters:
    ///   - store: `.memory`, or another.
    ///   - idleTime: after how long without a request a session is over; up to a thirtieth of it sooner, a minute at most.
    ///   - lifetime: how long after the sign-in a session is over, whatever happens; for one without a user, after it began.
    ///   - cookieName: the cookie that carries the id, as it is; nil for `martlet_session`, over TLS with `__Host-`.
    ///   - isSecure: true where the app is reached over TLS and its requests do not say so, as behind a proxy. Over TLS the
    ///     cookie is `Secure` in any case.
    public init(
        _ store: some SessionStore, idleTime: Duration = .seconds(30 * 60), lifetime: Duration = .seconds(12 * 3600),
        cookieName: String? = nil, isSecure: Bool = false
    ) {
        settings = Settings(
            store, idleTime: idleTime / .seconds(1), lifetime: lifetime / .seconds(1), cookieName: cookieName,
            isSecure: isSecure)
        watch = SessionWatch(sweepInterval: min(settings.idleTime, settings.lifetime, 3600))
    }

    private var store: any SessionStore { settings.store }

    /// Gives the request its session, and does in the store what the request changed; waits only for a store that does, and
    /// then only where there is something to do.
    ///
    /// - Throws: what an ``ImmediateSessionStore`` throws.
    public func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard let immediate = settings.immediate else { return answerWaiting(ids(of: ctx.request), ctx, next) }
        let now = ctx.now
        var found: StoredSession?
        try forEachID(of: ctx.request) { id in
            guard let session = try immediate.load(id.handle), session.secret == id.secret else { return true }
            guard !expiry(at: now).includes(session) else {
                watch.tell(try immediate.remove(id.handle).map { [$0] } ?? [])
                return true
            }
            found = session
            return false
        }
        let session = begin(found, ctx)
        let answer = next.answer(ctx)
        // The rule: nothing to do, and nothing that would have to be kept for later. It took no time.
        if case .now = answer, !needsSteps(session, at: now) { return answer }
        return answer.map(ctx) { response in
            guard var steps = steps(of: session, ctx) else { return }
            while let step = steps.next() { steps.take(try immediate.take(step)) }
            try finish(steps, ctx, &response)
            if watch.needsSweep(at: ctx.now) {
                let sweep = try immediate.sweep(expiry(at: ctx.now))
                watch.tell(sweep.ended)
                if sweep.isComplete { watch.noteSweep(at: ctx.now) }
            }
        }
    }

    /// Without an id there is nothing to load: such a request costs no task unless it begins a session.
    private func answerWaiting(_ ids: [SessionID], _ ctx: Context, _ next: Next) -> Answer {
        guard ids.isEmpty else { return .later(ctx) { try await answerLoading(ids, ctx, next) } }
        let session = begin(nil, ctx)
        let answer = next.answer(ctx)
        if case .now = answer, session.isUnchanged { return answer }
        return answer.flatMap(ctx) { response in
            guard let steps = steps(of: session, ctx) else { return .now(response) }
            return .later(ctx) { try await saved(steps, response, ctx) }
        }
    }

    private func answerLoading(_ ids: [SessionID], _ ctx: Context, _ next: Next) async throws -> Response {
        var found: StoredSession?
        for id in ids where found == nil {
            guard let session = try await store.load(id.handle), session.secret == id.secret else { continue }
            if expiry(at: ctx.now).includes(session) { try await end(id.handle) } else { found = session }
        }
        let session = begin(found, ctx)
        let response = try await next(ctx)
        guard let steps = steps(of: session, ctx) else { return response }
        return try await saved(steps, response, ctx)
    }

    private func saved(_ steps: SessionSteps, _ response: Response, _ ctx: Context) async throws -> Response {
        var (steps, response) = (steps, response)
        while let step = steps.next() { steps.take(try await store.take(step)) }
        try finish(steps, ctx, &response)
        // Beside the requests: none waits for it.
        if watch.needsSweep(at: ctx.now), watch.beginSweep() {
            let logger = ctx.logger
            Task { [self] in
                do {
                    try await sweep()
                } catch {
                    logger.warning("Sessions that are over could not be removed.", metadata: ["error": "\(error)"])
                    watch.noteSweep(at: watch.now)
                }
                watch.endSweep()
            }
        }
        return response
    }

    // MARK: - The client's id

    /// What the client says its session is: one id, unless another path or domain has set a cookie of that name, too.
    private func ids(of request: Request) -> [SessionID] {
        var ids: [SessionID] = []
        forEachID(of: request) { id in
            ids.append(id)
            return true
        }
        return ids
    }

    /// - Parameter goesOn: false where it needs no more.
    private func forEachID(of request: Request, _ goesOn: (SessionID) throws -> Bool) rethrows {
        var count = 0
        try request.forEachCookie(cookieName(for: request)) { value in
            guard let id = SessionID(value) else { return true }
            count += 1
            return try goesOn(id) && count < Self.maximumIDs
        }
    }

    /// How many ids of one client are looked up.
    private static let maximumIDs = 4

    private func isSecure(_ request: Request) -> Bool { settings.isAlwaysSecure || request.scheme == "https" }

    private func cookieName(for request: Request) -> String { cookieName(overTLS: isSecure(request)) }

    /// The cookie of requests that come over TLS, or do not.
    package func cookieName(overTLS: Bool) -> String {
        settings.ownCookieName ?? (overTLS || settings.isAlwaysSecure ? "__Host-martlet_session" : "martlet_session")
    }

    /// - Parameter found: nil where the store knows none of the ids. None is adopted: the client gets a new one with its
    ///   first value.
    private func begin(_ found: StoredSession?, _ ctx: Context) -> Session {
        let session = Session(found, in: self)
        ctx.keptSession = session
        return session
    }

    // MARK: - What the request did

    private func needsSteps(_ session: Session, at now: Date) -> Bool {
        !session.isUnchanged || isUseDue(session, now)
    }

    /// - Returns: nil where there is nothing to do.
    private func steps(of session: Session, _ ctx: Context) -> SessionSteps? {
        guard needsSteps(session, at: ctx.now) else { return nil }
        let device = ctx.request.headers[.userAgent]
        return session.steps(SessionUse(date: ctx.now, device: device, address: ctx.client.address))
    }

    /// A clock that was set back must not leave a use in the future.
    private func isUseDue(_ session: Session, _ now: Date) -> Bool {
        guard let lastUse = session.stored?.lastUse.date else { return false }
        return abs(now.timeIntervalSince(lastUse)) >= settings.useResolution
    }

    private func finish(_ steps: SessionSteps, _ ctx: Context, _ response: inout Response) throws {
        watch.tell(steps.ended)
        guard let change = steps.cookie else { return }
        let isSecure = isSecure(ctx.request)
        let name = cookieName(overTLS: isSecure)
        var cookie =
            switch change {
            case .set(let id): try SetCookie(name, id.text)
            case .removed: try SetCookie(name, "", maxAge: .zero)
            }
        cookie.isSecure = isSecure
        response.headers.append(HTTPField(name: .setCookie, value: cookie.headerValue))
        // What one client's cookie made must not be another's from a shared cache (RFC 9111 section 7.3).
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache=\"set-cookie\"" }
    }

    // MARK: - Time

    package func follow(_ clock: any Clock<Duration>, wall: WallClock) { watch.follow(wall) }

    /// A session's end is that of the streams that were opened with it.
    package func follow(_ events: EventHub) {
        onEnd { [weak events] ended in events?.closeStreams(provedBy: .session(ended.handle.text)) }
    }

    private func expiry(at now: Date) -> SessionExpiry {
        SessionExpiry(now: now, idleTime: settings.idleTime, lifetime: settings.lifetime)
    }

    func end(of session: StoredSession) -> Date {
        min(
            session.lastUse.date.addingTimeInterval(settings.idleTime),
            session.createdAt.addingTimeInterval(settings.lifetime))
    }

    /// Looks through the whole store, and removes what is over.
    package func sweep() async throws {
        let now = watch.now
        while true {
            let sweep = try await store.sweep(expiry(at: now))
            watch.tell(sweep.ended)
            if sweep.isComplete { return watch.noteSweep(at: now) }
        }
    }

    // MARK: - Sessions of others

    /// The sessions of a user that are not over, the last used first.
    ///
    /// - Throws: what the store throws.
    public func all(of user: String) async throws -> [SessionSummary] {
        let expiry = expiry(at: watch.now)
        return try await store.sessions(of: user).filter { !expiry.includes($0) }.map(\.summary)
            .sorted { ($0.lastUse, $0.createdAt, $0.handle.text) > ($1.lastUse, $1.createdAt, $1.handle.text) }
    }

    /// Ends a session at once, whoever has it.
    ///
    /// A request of it that is being answered goes on, and what it writes is lost with the session.
    ///
    /// - Returns: false where there is none.
    /// - Throws: what the store throws.
    @discardableResult
    public func end(_ handle: SessionHandle) async throws -> Bool {
        guard let ended = try await store.remove(handle) else { return false }
        watch.tell([ended])
        return true
    }

    /// Ends a session where it is one of that user: what a form sends that lists a user's own sessions.
    ///
    /// - Returns: false where the user has none of that handle.
    /// - Throws: what the store throws.
    @discardableResult
    public func end(_ handle: SessionHandle, of user: String) async throws -> Bool {
        guard let session = try await store.load(handle), session.isOf(user) else { return false }
        return try await end(handle)
    }

    /// Ends the sessions of a user, such as when the password is changed.
    ///
    /// - Parameter except: one that goes on: `ctx.session.handle` for that of the request.
    /// - Returns: how many they were.
    /// - Throws: what the store throws; some may be ended then.
    @discardableResult
    public func endAll(of user: String, except: SessionHandle? = nil) async throws -> Int {
        var count = 0
        for session in try await store.sessions(of: user) where session.handle != except {
            if try await end(session.handle) { count += 1 }
        }
        return count
    }

    /// Has somebody told of each session that ends, whoever ends it in this process; called from any thread.
    package func onEnd(_ tell: @escaping @Sendable (EndedSession) -> Void) { watch.onEnd(tell) }

    /// Makes a session that no request has asked for: how a test's client is signed in.
    package func start(_ values: [String: String], user: String? = nil) async throws -> SessionID {
        let id = SessionID()
        let session = StoredSession(id, user: user, values: values, use: SessionUse(date: watch.now))
        watch.tell(try await store.create(session))
        return id
    }
}
