/// Where sessions are kept, by their handles.
///
/// A store decides nothing: whether a session is over, and whether a client may have it, is for ``Sessions`` to say.
public protocol SessionStore: Sendable {
    /// The session of that handle, over or not; nil where there is none.
    func load(_ handle: SessionHandle) async throws -> StoredSession?
    /// Keeps a new session, whose handle nobody has used.
    ///
    /// - Returns: the sessions that gave way to it, where there is no room for all.
    func create(_ session: StoredSession) async throws -> [EndedSession]
    /// Reads the session, applies the change, and keeps the result, in one step that no other change of the session comes
    /// between.
    ///
    /// - Returns: what ``SessionChange/apply(to:)`` says, or `.gone` where there is no session: it stays so.
    func update(_ handle: SessionHandle, _ change: SessionChange) async throws -> SessionChange.Outcome
    /// Forgets a session at once.
    ///
    /// - Returns: nil where there was none.
    func remove(_ handle: SessionHandle) async throws -> EndedSession?
    /// All sessions of a user, over or not; users are the same when their bytes are.
    func sessions(of user: String) async throws -> [StoredSession]
    /// Looks through some of the sessions, in about a millisecond, and forgets those that are over. It is called again, until
    /// it has been through all of them.
    func sweep(_ expiry: SessionExpiry) async throws -> SessionSweep
}

/// A store that never waits: requests are answered without a task for it.
public protocol ImmediateSessionStore: SessionStore {
    /// As ``SessionStore/load(_:)``, without waiting.
    func load(_ handle: SessionHandle) throws -> StoredSession?
    /// As ``SessionStore/create(_:)``, without waiting.
    func create(_ session: StoredSession) throws -> [EndedSession]
    /// As ``SessionStore/update(_:_:)``, without waiting.
    func update(_ handle: SessionHandle, _ change: SessionChange) throws -> SessionChange.Outcome
    /// As ``SessionStore/remove(_:)``, without waiting.
    func remove(_ handle: SessionHandle) throws -> EndedSession?
    /// As ``SessionStore/sessions(of:)``, without waiting.
    func sessions(of user: String) throws -> [StoredSession]
    /// As ``SessionStore/sweep(_:)``, without waiting.
    func sweep(_ expiry: SessionExpiry) throws -> SessionSweep
}

/// What one step of looking through a store has come to.
public struct SessionSweep: Sendable {
    /// The sessions that were over, and are forgotten.
    public let ended: [EndedSession]
    /// Whether all have been looked at.
    public let isComplete: Bool

    /// What a store answers.
    public init(ended: [EndedSession], isComplete: Bool) {
        self.ended = ended
        self.isComplete = isComplete
    }
}
