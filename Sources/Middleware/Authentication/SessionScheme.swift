import MartletCore

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
