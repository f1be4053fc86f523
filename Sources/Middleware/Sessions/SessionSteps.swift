/// What a request does in the store when it is answered. Each step is taken by itself, with or without waiting, and decides on
/// the next.
struct SessionSteps {
    enum Step {
        case remove(SessionHandle)
        case create(StoredSession)
        case update(SessionHandle, SessionChange)
    }
    enum Result {
        case removed(EndedSession?)
        case created(gaveWay: [EndedSession])
        case updated(SessionChange.Outcome)
    }

    /// The session that is over.
    var ends: SessionHandle?
    /// The session that begins.
    var created: StoredSession?
    /// The session that goes on.
    var changed: (SessionHandle, SessionChange)?
    /// What begins where another request has renewed the session that this one was to renew; nil where that is enough.
    var afterRenewalByOther: StoredSession?
    /// What begins where the session is gone.
    var afterEnd: StoredSession?

    /// What the client's cookie is to be.
    private(set) var cookie: Cookie?
    /// The sessions that are over by this.
    private(set) var ended: [EndedSession] = []

    enum Cookie: Equatable {
        case set(SessionID)
        case removed
    }

    /// The next thing to do.
    mutating func next() -> Step? {
        if let handle = ends { return .remove(handle) }
        if let session = created { return .create(session) }
        return changed.map { .update($0, $1) }
    }

    /// Goes on from what was done.
    mutating func take(_ result: Result) {
        switch result {
        case .removed(let session):
            if let session { ended.append(session) }
            ends = nil
            cookie = .removed
        case .created(let gaveWay):
            ended += gaveWay
            cookie = created.map { .set($0.id) }
            created = nil
        case .updated(let outcome):
            guard let (handle, change) = changed else { return }
            changed = nil
            switch outcome {
            case .made:
                cookie = change.newSecret.map { .set(SessionID(handle: handle, secret: $0)) }
            case .renewedByOther:
                // The other request has given the client a cookie that is good: without a user of its own, this one only adds
                // its values.
                created = afterRenewalByOther
                if created == nil, !change.values.isEmpty { changed = (handle, change.withoutRenewal) }
            case .gone:
                created = afterEnd
            }
        }
    }
}

extension SessionChange {
    fileprivate var withoutRenewal: SessionChange {
        var change = self
        (change.newSecret, change.user) = (nil, nil)
        return change
    }
}

extension SessionStore {
    func take(_ step: SessionSteps.Step) async throws -> SessionSteps.Result {
        switch step {
        case .remove(let handle): .removed(try await remove(handle))
        case .create(let session): .created(gaveWay: try await create(session))
        case .update(let handle, let change): .updated(try await update(handle, change))
        }
    }
}

extension ImmediateSessionStore {
    func take(_ step: SessionSteps.Step) throws -> SessionSteps.Result {
        switch step {
        case .remove(let handle): .removed(try remove(handle))
        case .create(let session): .created(gaveWay: try create(session))
        case .update(let handle, let change): .updated(try update(handle, change))
        }
    }
}
