import MartletCore

extension Context {
    /// The client's session. Without the `Sessions` middleware the request is answered with 500, and the log says why: a
    /// sign-in that is forgotten must not look like one.
    public var session: Session {
        if let session = keptSession as? Session { return session }
        fail(SessionsMissingError())
        let session = Session(nil, in: nil)
        keptSession = session
        return session
    }

    /// The sessions of the app: lists and ends those of a user.
    ///
    /// - Throws: what makes it 500, where no `Sessions` middleware is outside.
    public var sessions: Sessions {
        get throws {
            guard let sessions = session.sessions else { throw SessionsMissingError() }
            return sessions
        }
    }
}

/// An app asks for sessions and has none.
struct SessionsMissingError: Error, CustomStringConvertible {
    let description = """
        ctx.session was used where no Sessions middleware is outside: add app.use(Sessions(.memory)) to the app's configure, \
        before the middleware that needs it.
        """
}
