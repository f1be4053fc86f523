#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import MartletCore

/// Where users are looked up by id.
public protocol UserDirectory: Sendable {
    /// The user, where that takes no waiting: `.some(nil)` for one that there is not, or no longer; nil to have `user` asked.
    func knownUser(_ id: User.ID, _ ctx: Context) -> User??
    /// The user; nil for one that there is not, or no longer.
    func user(_ id: User.ID, _ ctx: Context) async throws -> User?
}

/// Whom `ctx.auth.signIn(…)` has signed in to the session.
///
///     app.use(Sessions(.memory), Authentication(.session))
///
/// What is known of the user stays what it was at the sign-in, unless the scheme is given a place to look the user up.
public struct SessionScheme: AuthenticationScheme {
    /// `session`
    public var name: String { "session" }
    /// Browsers send the cookie by themselves.
    public var isAmbient: Bool { true }
    /// `Sessions`
    public var needs: [any Middleware.Type] { [Sessions.self] }
    private let directory: (any UserDirectory)?

    /// - Parameter directory: asked with each request of a user; nil to go by what the session has.
    public init(_ directory: (any UserDirectory)? = nil) { self.directory = directory }

    /// The user of the session.
    public func authenticate(_ ctx: Context) -> AuthenticationResult {
        let session = ctx.session
        guard let id = session.user else { return .none }
        guard let directory else { return .someone { session.signedInUser } }
        if let known = directory.knownUser(id, ctx) { return result(known, session) }
        return .later { result(try await directory.user(id, ctx), session) }
    }

    private func result(_ found: User?, _ session: Session) -> AuthenticationResult {
        guard let found else { return .refused("The user is gone.") }
        return .someone {
            var user = found
            user.proof = session.proof
            return user
        }
    }

    /// `Session`, which tells a program that it is to sign in; no browser asks its user for anything.
    public func challenge(_ ctx: Context, refusal: String?) -> String? { "Session" }
}

extension AuthenticationScheme where Self == SessionScheme {
    /// Whom `ctx.auth.signIn(…)` has signed in to the session.
    public static var session: SessionScheme { SessionScheme() }

    /// The same, with what is known of the user by now.
    public static func session(_ directory: some UserDirectory) -> SessionScheme { SessionScheme(directory) }
}

/// What a request can do about who asks.
public struct SignIn: Sendable {
    private let ctx: Context

    init(_ ctx: Context) { self.ctx = ctx }

    /// Signs a user in to the client's session, which gets a new id. Needs the `Sessions` middleware.
    ///
    /// - Parameter methods: by what the user was recognised, in the words of RFC 8176.
    public func signIn(_ user: User, methods: [String] = ["pwd"]) {
        let session = ctx.session
        session.signIn(user, methods: methods)
        var user = session.signedInUser
        // The session is stored when the request is answered.
        user?.proof?.time = ctx.now
        ctx.identify(as: user)
    }

    /// Signs the user out: the session is over, and the streams that were opened with it.
    public func signOut() {
        ctx.session.destroy()
        ctx.identify(as: nil)
    }
}

extension Context {
    /// Signs users in and out.
    public var auth: SignIn { SignIn(self) }
}
