import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What an app remembers of a client from one request to the next: whose it is, and texts by key.
///
/// It lives in the store; the client only has its id, in a cookie. Nothing is stored, and no cookie set, before it has a user
/// or a value.
public final class Session: Sendable {
    fileprivate struct State {
        var values: [String: String]
        var user: String?
        var changes: [String: String?] = [:]
        /// The user that this request has set.
        var newUser: String?
        var isRenewed = false
        /// What the client came with is over; what is set from now on is another session's.
        var endsStored = false
        /// Of a session that is yet to be stored.
        var newID: SessionID?

        mutating func end() { self = State(values: [:], endsStored: true) }
    }
    private let state: Mutex<State>
    /// As it was when the request began, nil for a client without a session.
    let stored: StoredSession?
    let sessions: Sessions?

    init(_ stored: StoredSession?, in sessions: Sessions?) {
        self.stored = stored
        self.sessions = sessions
        state = Mutex(State(values: stored?.values ?? [:], user: stored?.user))
    }

    /// The value of a key; setting nil removes it.
    public subscript(key: String) -> String? {
        get { state.withLock { $0.values[key] } }
        set {
            state.withLock {
                $0.values[key] = newValue
                $0.changes.updateValue(newValue, forKey: key)
            }
        }
    }

    /// Whether the key has a value.
    public func exists(_ key: String) -> Bool { self[key] != nil }

    /// The keys that have a value, sorted.
    public var keys: [String] { state.withLock { $0.values.keys.sorted() } }

    /// Whose it is: by this an app lists and ends the sessions of a user. nil before anybody has signed in.
    ///
    /// Setting it is signing in: the id is renewed, and the lifetime begins anew. The values stay where there was no user; those of
    /// another user are forgotten with that session. Setting nil is ``destroy()``.
    public var user: String? {
        get { state.withLock { $0.user } }
        set {
            state.withLock {
                if let old = $0.user, newValue.map({ old.utf8.elementsEqual($0.utf8) }) != true { $0.end() }
                guard let newValue else { return }
                ($0.user, $0.newUser, $0.isRenewed) = (newValue, newValue, true)
            }
        }
    }

    /// Gives the session a new id with the same values. Do this when the client's rights change, so that an id that somebody knew
    /// before is worth nothing after (session fixation). Setting ``user`` does it by itself.
    public func renew() { state.withLock { $0.isRenewed = true } }

    /// Forgets everything, in the store and in the client's cookie. Do this when a user logs out.
    public func destroy() { state.withLock { $0.end() } }

    /// Names the session in the lists of its user; that of the cookie is another. It stays when the id is renewed.
    public var handle: SessionHandle {
        state.withLock { state in
            if !state.endsStored, let stored { return stored.handle }
            return state.idOfNew.handle
        }
    }

    /// When it was made, or its user signed in; nil for one that this request begins.
    public var createdAt: Date? { ofStored { $0.createdAt } }

    /// Its last use before this request, noted once a minute at most; nil for one that this request begins.
    public var lastUse: SessionUse? { ofStored { $0.lastUse } }

    /// When it is over, unless it is used before: the end of the idle time or of the lifetime. nil for one that this request begins.
    public var expiresAt: Date? { ofStored { stored in sessions?.end(of: stored) } }

    private func ofStored<Value>(_ value: (StoredSession) -> Value?) -> Value? {
        guard let stored, state.withLock({ !$0.endsStored }) else { return nil }
        return value(stored)
    }

    // MARK: - When the request is answered

    /// Whether there is nothing to do, but perhaps to note the use.
    var isUnchanged: Bool {
        state.withLock { $0.changes.isEmpty && !$0.isRenewed && !$0.endsStored || stored == nil && !$0.isWorthKeeping }
    }

    /// What there is to do in the store.
    ///
    /// - Parameter use: this request.
    func steps(_ use: SessionUse) -> SessionSteps {
        state.withLock { state in
            var steps = SessionSteps()
            guard let stored, !state.endsStored else {
                steps.ends = stored?.handle
                if state.isWorthKeeping {
                    let id = state.idOfNew
                    steps.created = StoredSession(id, user: state.user, values: state.values, use: use)
                }
                return steps
            }
            var change = SessionChange(of: stored, at: use)
            change.values = state.changes
            if state.isRenewed {
                change.newSecret = SessionSecret()
                change.user = state.newUser
            }
            steps.changed = (stored.handle, change)
            if let user = state.newUser {
                // What the client had before it signed in goes with it, but nothing out of a session that was ended.
                let isAnonymous = stored.user == nil
                steps.afterRenewalByOther = StoredSession(
                    SessionID(), user: user, values: isAnonymous ? state.values : state.ownValues, use: use)
                steps.afterEnd = StoredSession(SessionID(), user: user, values: state.ownValues, use: use)
            }
            return steps
        }
    }
}

extension Session.State {
    fileprivate var isWorthKeeping: Bool { !values.isEmpty || user != nil }

    /// The values that this request has set.
    fileprivate var ownValues: [String: String] { changes.compactMapValues { $0 } }

    fileprivate var idOfNew: SessionID {
        mutating get {
            let id = newID ?? SessionID()
            newID = id
            return id
        }
    }
}
