import Synchronization

/// Sessions in this process's memory: gone with it.
///
/// There are `maxSessions` at most. Beyond, a new one takes the place of the oldest that was never asked for again since it
/// was made, as those of a flood are; only where there is none, of the one whose last use is longest ago.
public final class MemorySessionStore: ImmediateSessionStore {
    private struct State {
        var sessions = RecencyTable<SessionHandle, StoredSession>()
        var handles: [String: Set<SessionHandle>] = [:]

        mutating func remove(_ handle: SessionHandle) -> EndedSession? {
            guard let session = sessions.remove(handle) else { return nil }
            unlist(handle, session.user)
            return EndedSession(handle: handle, user: session.user)
        }

        mutating func list(_ handle: SessionHandle, _ user: String?) {
            if let user { handles[user, default: []].insert(handle) }
        }

        private mutating func unlist(_ handle: SessionHandle, _ user: String?) {
            guard let user else { return }
            handles[user]?.remove(handle)
            if handles[user]?.isEmpty == true { handles[user] = nil }
        }

        mutating func change(_ handle: SessionHandle, _ change: SessionChange) -> SessionChange.Outcome {
            let changed = sessions.change(handle) { session in
                let before = session.user
                return (before, change.apply(to: &session), session.user)
            }
            guard let (before, outcome, after) = changed else { return .gone }
            if before != after {
                unlist(handle, before)
                list(handle, after)
            }
            return outcome
        }
    }
    private let maxSessions: Int
    private let state = Mutex(State())
    /// How many sessions one step of a sweep looks at.
    private static let sweepStep = 256

    /// - Parameter maxSessions: how many there may be, at least 1; each takes some hundred bytes and its values.
    public init(maxSessions: Int = 100_000) { self.maxSessions = max(1, maxSessions) }

    /// How many sessions there are.
    public var count: Int { state.withLock { $0.sessions.count } }

    /// The session of that handle, which now gives way last.
    public func load(_ handle: SessionHandle) -> StoredSession? { state.withLock { $0.sessions.use(handle) } }

    /// Keeps a new session; where there are `maxSessions`, another one gives way.
    @discardableResult
    public func create(_ session: StoredSession) -> [EndedSession] {
        state.withLock { state in
            let first = state.sessions.count >= maxSessions ? state.sessions.first : nil
            let gaveWay = first.flatMap { state.remove($0) }
            state.sessions.add(session.handle, session)
            state.list(session.handle, session.user)
            return gaveWay.map { [$0] } ?? []
        }
    }

    /// Makes the change; `.gone` where there is no session.
    public func update(_ handle: SessionHandle, _ change: SessionChange) -> SessionChange.Outcome {
        state.withLock { $0.change(handle, change) }
    }

    /// Forgets a session; nil where there is none.
    public func remove(_ handle: SessionHandle) -> EndedSession? { state.withLock { $0.remove(handle) } }

    /// All sessions of a user.
    public func sessions(of user: String) -> [StoredSession] {
        state.withLock { state in
            // A dictionary takes for equal what is written with other code points.
            (state.handles[user] ?? []).compactMap { state.sessions[$0] }.filter { $0.isOf(user) }
        }
    }

    /// Looks at some of the sessions, and forgets those that are over.
    public func sweep(_ expiry: SessionExpiry) -> SessionSweep {
        state.withLock { state in
            let part = state.sessions.nextPart(upTo: Self.sweepStep)
            let over = part.keys.filter { state.sessions[$0].map(expiry.includes) == true }
            return SessionSweep(ended: over.compactMap { state.remove($0) }, isComplete: part.isLast)
        }
    }
}

extension SessionStore where Self == MemorySessionStore {
    /// In this process's memory.
    public static var memory: MemorySessionStore { MemorySessionStore() }
}
