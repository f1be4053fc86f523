import MartletCore

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
