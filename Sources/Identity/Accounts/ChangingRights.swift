import MartletCore
import MartletMiddleware

extension Accounts {
    /// Says what a user may do from now on: with the next request, and at once for streams, which end, so that their clients
    /// are asked anew who they are.
    ///
    /// - Throws: `HTTPError` 404 where there is no such account.
    @discardableResult
    public func setRoles(_ roles: Set<String>, of user: User.ID, _ ctx: Context) async throws -> Account {
        let account = try await changed(user) { account in
            account.roles = roles
            account.revision += 1
        }
        ctx.sse.closeStreams(provedBy: .user(user))
        ctx.record(
            AuditEvent(.rightsChange, user: user, details: ["roles": roles.sorted().joined(separator: " ")]))
        return account
    }

    /// Closes an account, or opens it again. The sessions and streams of one that is closed end at once.
    ///
    /// - Throws: `HTTPError` 404 where there is no such account.
    public func setDisabled(_ isDisabled: Bool, _ user: User.ID, _ ctx: Context) async throws {
        _ = try await changed(user) { account in
            account.isDisabled = isDisabled
            account.revision += 1
        }
        if isDisabled {
            try await signOutEverywhere(user, ctx)
        }
        ctx.record(AuditEvent(.rightsChange, user: user, details: ["account": isDisabled ? "closed" : "open"]))
    }

    /// Forgets an account, and ends its sessions and streams.
    ///
    /// - Returns: false where there is none.
    /// - Throws: what the stores throw.
    @discardableResult
    public func remove(_ user: User.ID, _ ctx: Context) async throws -> Bool {
        guard try await store.remove(user) else { return false }
        cache.forget(user)
        try await signOutEverywhere(user, ctx)
        ctx.record(AuditEvent(.rightsChange, user: user, details: ["account": "removed"]))
        return true
    }

    private func changed(
        _ user: User.ID, _ change: @escaping @Sendable (inout Account) -> Void
    ) async throws -> Account {
        let account = try await store.update(user) { account in
            change(&account)
            return true
        }
        guard let account else { throw HTTPError(.notFound, "There is no such account.") }
        cache.forget(user)
        return account
    }
}
