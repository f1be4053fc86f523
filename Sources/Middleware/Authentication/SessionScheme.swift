#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import MartletCore

/// Whom `ctx.auth.signIn(…)` has signed in to the session.
///
///     app.use(Sessions(.memory), Authentication(.session))
///
/// What is known of the user stays what it was at the sign-in, unless the scheme is given a way to look the user up.
public struct SessionScheme: AuthenticationScheme {
    /// Looks a user up by id: nil for one that there is no longer.
    public typealias Lookup = @Sendable (_ id: User.ID, _ ctx: Context) async throws -> User?

    /// `session`
    public var name: String { "session" }
    /// Browsers send the cookie by themselves.
    public var isAmbient: Bool { true }
    /// `Sessions`
    public var needs: [any Middleware.Type] { [Sessions.self] }
    private let lookup: Lookup?

    /// - Parameter lookup: asked with each request of a user; nil to go by what the session has.
    public init(lookup: Lookup? = nil) { self.lookup = lookup }

    /// The user of the session.
    public func authenticate(_ ctx: Context) -> AuthenticationResult {
        let session = ctx.session
        guard let user = session.signedInUser else { return .none }
        guard let lookup else { return .user(user) }
        return .later {
            guard var found = try await lookup(user.id, ctx) else { return .refused("The user is gone.") }
            found.proof = user.proof
            return .user(found)
        }
    }

    /// `Session`, which tells a program that it is to sign in; no browser asks its user for anything.
    public func challenge(_ ctx: Context, refusal: String?) -> String? { "Session" }
}

extension AuthenticationScheme where Self == SessionScheme {
    /// Whom `ctx.auth.signIn(…)` has signed in to the session.
    public static var session: SessionScheme { SessionScheme() }

    /// The same, with what is known of the user by now.
    public static func session(lookup: @escaping SessionScheme.Lookup) -> SessionScheme {
        SessionScheme(lookup: lookup)
    }
}

/// What a request can do about who asks.
public struct SignIn: Sendable {
    private let ctx: Context

    init(_ ctx: Context) { self.ctx = ctx }

    /// Signs a user in to the client's session, which gets a new id. Needs the `Sessions` middleware.
    ///
    /// - Parameters:
    ///   - methods: by what the user was recognised, in the words of RFC 8176.
    public func signIn(_ user: User, methods: [String] = ["pwd"]) {
        let session = ctx.session
        session.renew()
        session.signIn(user, methods: methods, at: ctx.now)
        ctx.identify(as: session.signedInUser)
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
