import MartletCore
import MartletMiddleware

extension Accounts {
    /// Gives a user who is signed in another password.
    ///
    /// - Parameter endsOtherSessions: true to end all other sessions of the user, on other devices too.
    /// - Throws: `HTTPError` 422 where the present password is wrong or the new one is none, 429 where too many were wrong.
    public func changePassword(
        of user: User.ID, from present: String, to new: String, endsOtherSessions: Bool = true, _ ctx: Context
    ) async throws {
        guard let account = try await store.account(user) else { throw HTTPError.notSignedIn }
        do {
            _ = try await verified(name: account.name, password: present, ctx)
        } catch let error as HTTPError where error.status == .unauthorized {
            throw HTTPError.wrong("current_password", ["is wrong"])
        }
        try await set(new, on: account, ctx)
        if endsOtherSessions {
            try await signOutEverywhere(user, exceptThis: true, ctx)
        }
        // What somebody may have seen of the session is worth nothing now.
        ctx.session.renew()
        ctx.record(AuditEvent(.passwordChange, user: user))
    }

    /// Sends a link to set a new password to the user of a name, if there is one with an address.
    ///
    /// The answer is the same whether there is: tell the client that a message is on its way if there is such an account.
    /// - Throws: `HTTPError` 429 where too many were asked for.
    public func sendPasswordReset(name: String, _ ctx: Context) async throws {
        // There is no such account, and it takes time to look for one.
        guard name.utf8.count <= 1024 else { return }
        let nameKey = Account.key(of: name)
        try begin(SignInThrottle.key(.reset, nameKey), user: nil, device: nil, ctx)
        guard let account = try await store.account(nameKey: nameKey), account.email != nil,
            !account.isDisabled
        else { return }
        let token = try resets.token(for: account.id, state: account.passwordHash ?? "", now: ctx.now)
        ctx.record(AuditEvent(.passwordReset, user: account.id))
        try await messenger.send(.passwordReset(token: token), to: account, ctx)
    }

    /// Takes the token of such a link, and sets the new password. All sessions of the user end; sign in anew.
    ///
    /// - Throws: `HTTPError` 400 for a token that is forged, out of date or used; 422 for a password that is none.
    @discardableResult
    public func resetPassword(token: String, to new: String, _ ctx: Context) async throws -> Account {
        let id = try await resets.subject(of: token, now: ctx.now) { [store] id in
            try await store.account(id).map { $0.passwordHash ?? "" }
        }
        guard let id, let account = try await store.account(id) else { throw HTTPError.uselessLink }
        try await set(new, on: account, ctx)
        try await signOutEverywhere(id, ctx)
        ctx.record(AuditEvent(.passwordChange, user: id, details: ["by": "link"]))
        return account
    }

    /// - Throws: `HTTPError` 422 for a password that is none, 409 where another request has set one meanwhile.
    private func set(_ password: String, on account: Account, _ ctx: Context) async throws {
        try check(password, [account.name, account.displayName, account.email].compactMap(\.self))
        let hash = try await hasher.hash(password).rawValue
        let changed = try await store.update(account.id) { changed in
            guard changed.passwordHash == account.passwordHash else { return false }
            changed.passwordHash = hash
            changed.revision += 1
            return true
        }
        guard changed != nil else {
            throw HTTPError(.conflict, "The password was changed by another request meanwhile.")
        }
        cache.forget(account.id)
        // Tokens and streams were given to whoever knew the old one.
        ctx.sse.closeStreams(provedBy: .user(account.id))
    }
}
