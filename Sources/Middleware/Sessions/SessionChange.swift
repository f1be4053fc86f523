/// What a request has done to a session that was there before it.
public struct SessionChange: Sendable {
    /// The secret as the request found it.
    let secret: SessionSecret
    /// The values that it set; nil removes one.
    package var values: [String: String?] = [:]
    /// What the session had when the request began.
    let before: [String: String]
    /// The one that takes the secret's place.
    package var newSecret: SessionSecret?
    /// Who has signed in; nil where nobody has.
    package var user: String?
    let use: SessionUse

    /// - Parameters:
    ///   - session: as the request found it.
    ///   - use: the request.
    package init(of session: StoredSession, at use: SessionUse) {
        secret = session.secret
        before = session.values
        self.use = use
    }

    /// What became of a change.
    public enum Outcome: Sendable {
        /// It was made.
        case made
        /// It was not: the change is a renewal, and another request has renewed the session meanwhile.
        case renewedByOther
        /// It was not: the session is gone.
        case gone
    }

    /// Makes the change. A store calls this with the session as it is at this moment, and lets nobody else change it until it
    /// has kept the result.
    ///
    /// Single values change, so that two requests at the same time do not undo each other. What a request wrote that began
    /// before the session was renewed counts as written before it was: it is kept, unless the session has another value under that
    /// key since.
    public func apply(to session: inout StoredSession) -> Outcome {
        guard session.secret == secret else {
            guard newSecret == nil else { return .renewedByOther }
            for (key, value) in values where session.values[key] == before[key] { session.values[key] = value }
            return .made
        }
        for (key, value) in values { session.values[key] = value }
        session.lastUse = use
        if let newSecret { session.secret = newSecret }
        if let user {
            session.user = user
            session.createdAt = use.date
        }
        return .made
    }
}
