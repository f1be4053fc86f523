import HTTPTypes
import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a browser has that is to stay signed in: a name and a secret, which is another after each use.
struct RememberedToken: Codable, Sendable {
    let user: User.ID
    let id: String
    let secret: String

    /// - Returns: nil never: it is a name that a cookie can have.
    static func cookie(_ keys: KeyRing, lifetime: Duration, isSecure: Bool) -> ProtectedCookie<RememberedToken>? {
        try? ProtectedCookie(
            "martlet_remembered", .encrypted, keys: keys, purpose: "remembered", lifetime: lifetime,
            attributes: CookieAttributes(isSecure: isSecure ? true : nil))
    }
}

/// Browsers whose users wanted to stay signed in: `signIn(…, isRemembered: true)`. Stands behind `.session`.
///
///     Authentication(.session(accounts), .remembered(accounts))
///
/// When the session is over, the browser's cookie begins another one. Its secret counts once; one that was used before shows
/// that somebody has copied it, and then neither has a secret any more.
public struct RememberedScheme: AuthenticationScheme {
    /// `remembered`
    public var name: String { "remembered" }
    /// Browsers send the cookie by themselves.
    public var isAmbient: Bool { true }
    /// `Sessions`
    public var needs: [any Middleware.Type] { [Sessions.self] }
    private let accounts: Accounts

    /// - Parameter accounts: whose users are remembered.
    public init(_ accounts: Accounts) { self.accounts = accounts }

    /// The user whose cookie it is, who has a session from now on.
    public func authenticate(_ ctx: Context) -> AuthenticationResult {
        guard let token = accounts.remembered?.get(ctx, now: ctx.now) else { return .none }
        return .later {
            try await accounts.recall(token, ctx).map { .user($0) }
                ?? .refused("The browser is not remembered any more.")
        }
    }
}

extension AuthenticationScheme where Self == RememberedScheme {
    /// Browsers whose users wanted to stay signed in.
    public static func remembered(_ accounts: Accounts) -> RememberedScheme { RememberedScheme(accounts) }
}

extension Accounts {
    /// For how long a secret is still taken after it was used: a page and its pictures are asked for at once.
    private static let overlap = 60.0
    /// How many browsers of a user are remembered; of more, the one that was used longest ago is forgotten.
    private static let maximumRemembered = 20

    func remember(_ user: User.ID, methods: [String], _ ctx: Context) async throws {
        let token = RememberedToken(user: user, id: UUID().uuidString, secret: Base64URL.text(of: Secrets.random(24)))
        let entry = Account.Remembered(
            id: token.id, hash: Secrets.hash(of: token.secret), time: ctx.now,
            expiresAt: ctx.now.addingTimeInterval(settings.rememberedTime / .seconds(1)), methods: methods,
            session: ctx.session.handle.text)
        let now = ctx.now
        let kept = try await store.update(user) { account in
            account.remembered.removeAll { $0.expiresAt <= now }
            account.remembered.sort { $0.time < $1.time }
            account.remembered.removeFirst(max(0, account.remembered.count + 1 - Self.maximumRemembered))
            account.remembered.append(entry)
            return true
        }
        if kept != nil { try remembered?.set(token, ctx, now: ctx.now) }
    }

    /// - Returns: nil for a token that is no good any more.
    fileprivate func recall(_ token: RememberedToken, _ ctx: Context) async throws -> User? {
        let (now, session) = (ctx.now, ctx.session.handle.text)
        let (hash, next) = (Secrets.hash(of: token.secret), Base64URL.text(of: Secrets.random(24)))
        let account = try await store.update(token.user) { account in
            guard !account.isDisabled, let index = account.remembered.firstIndex(where: { $0.id == token.id }),
                account.remembered[index].expiresAt > now
            else { return false }
            let entry = account.remembered[index]
            if Secrets.areEqual(entry.hash.utf8, hash.utf8) {
                account.remembered[index].use(Secrets.hash(of: next), now, session: session)
            } else if !entry.wasJustReplaced(hash, now, within: Self.overlap) {
                // Somebody else has used it.
                account.remembered.remove(at: index)
            }
            return true
        }
        guard let account, let entry = account.remembered.first(where: { $0.id == token.id }) else {
            remembered?.remove(ctx)
            if account != nil { ctx.record(AuditEvent(.failure, user: token.user, details: ["reason": "used cookie"])) }
            return nil
        }
        ctx.auth.signIn(account.user, methods: entry.methods)
        if entry.session == session {
            try remembered?.set(
                RememberedToken(user: token.user, id: token.id, secret: next), ctx, now: now)
        }
        ctx.record(AuditEvent(.signIn, user: account.id, details: ["methods": "remembered"]))
        return ctx.user
    }

    /// Forgets browsers of a user.
    ///
    /// - Parameter session: that of the only one to forget, or, with `but`, of the only one to keep; nil for all.
    func forget(_ user: User.ID, session: String?, but isKept: Bool = false) async throws {
        _ = try await store.update(user) { account in
            let before = account.remembered.count
            account.remembered.removeAll { entry in
                guard let session else { return true }
                return (entry.session == session) != isKept
            }
            return account.remembered.count != before
        }
    }

    // MARK: - A user's sessions

    /// Signs the user out of this browser, and ends the streams of the session.
    ///
    /// - Throws: what the store throws.
    public func signOut(_ ctx: Context) async throws {
        if let user = ctx.user {
            try await forget(user.id, session: ctx.session.handle.text)
            remembered?.remove(ctx)
        }
        ctx.auth.signOut()
    }

    /// Ends one of a user's sessions, and forgets the browser that has it.
    ///
    /// - Parameter handle: from `ctx.sessions.all(of:)`.
    /// - Returns: false where the user has none of that handle.
    /// - Throws: what the stores throw.
    @discardableResult
    public func endSession(_ handle: SessionHandle, of user: User.ID, _ ctx: Context) async throws -> Bool {
        try await forget(user, session: handle.text)
        guard try await ctx.sessions.end(handle, of: user) else { return false }
        ctx.record(AuditEvent(.sessionsEnded, user: user, details: ["count": "1"]))
        return true
    }

    /// Ends all sessions of a user, on all devices.
    ///
    /// - Parameter exceptThis: true to leave that of the request.
    /// - Returns: how many there were.
    /// - Throws: what the stores throw.
    @discardableResult
    public func signOutEverywhere(_ user: User.ID, exceptThis: Bool = false, _ ctx: Context) async throws -> Int {
        let handle = exceptThis ? ctx.session.handle : nil
        try await forget(user, session: handle?.text, but: exceptThis)
        let count = try await ctx.sessions.endAll(of: user, except: handle)
        if !exceptThis {
            remembered?.remove(ctx)
            ctx.sse.closeStreams(provedBy: .user(user))
            if ctx.user?.id == user { ctx.auth.signOut() }
        }
        ctx.record(AuditEvent(.sessionsEnded, user: user, details: ["count": "\(count)"]))
        return count
    }
}
