import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Accounts {
    /// Makes an account. Sign its user in with `ctx.auth.signIn(account.user)`.
    ///
    /// - Parameters:
    ///   - name: what the user types to sign in.
    ///   - id: by which the app knows the user; nil for one of its own making.
    ///   - roles: beside those that the first user gets.
    /// - Throws: `HTTPError` 422 for a name that cannot be taken or is taken, and for a password that is none; 503 where too many
    ///   passwords are hashed at once.
    public func register(
        name: String, password: String, id: User.ID? = nil, displayName: String? = nil, email: String? = nil,
        roles: Set<String> = [], _ ctx: Context
    ) async throws -> Account {
        if let problem = settings.nameProblem(name) { throw HTTPError.wrong("name", [problem]) }
        if let id, id.isEmpty || id.utf8.count > 256 { throw HTTPError.wrong("id", ["must have 1 to 256 bytes"]) }
        // It stands in the log.
        if let id, id.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw HTTPError.wrong("id", ["must not have control characters"])
        }
        // Otherwise it may be another user's, in other code points.
        if let id, !id.utf8.elementsEqual(Account.exactKey(of: id).utf8) {
            throw HTTPError.wrong("id", ["must be in Unicode's composed form"])
        }
        let words = [name, id, displayName, email].compactMap(\.self)
        try check(password, words)
        // Before it is known whether the name is taken: that takes as long.
        let hash = try await hasher.hash(password)
        let account = Account(
            id: id ?? UUID().uuidString.lowercased(), name: name, displayName: displayName, email: email, roles: roles,
            passwordHash: hash.rawValue, createdAt: ctx.now)
        guard try await store.insert(account) else { throw HTTPError.wrong("name", ["is taken"]) }
        // That there was nobody of this id may be known from a moment ago.
        cache.forget(account.id)
        ctx.record(AuditEvent(.registration, user: account.id))
        return try await firstUser(account, ctx) ?? account
    }

    /// The first of all may do more.
    private func firstUser(_ account: Account, _ ctx: Context) async throws -> Account? {
        let roles = settings.firstUserRoles
        // Of two at once one is the oldest.
        guard !roles.isEmpty, try await store.oldest()?.id == account.id else { return nil }
        return try await setRoles(account.roles.union(roles), of: account.id, ctx)
    }

    /// - Throws: `HTTPError` 422 for a password that nobody should have.
    func check(_ password: String, _ words: [String]) throws {
        let problems = settings.passwords.problems(with: password, of: words)
        if !problems.isEmpty { throw HTTPError.wrong("password", problems) }
    }

    /// Sends the user a link by which the address is shown to be the user's. Does nothing for an account without one, or
    /// whose address is confirmed.
    public func sendEmailConfirmation(to user: User.ID, _ ctx: Context) async throws {
        guard let account = try await store.account(user), let email = account.email, !account.isEmailConfirmed else {
            return
        }
        let token = try confirmations.token(for: account.id, state: email, now: ctx.now)
        try await messenger.send(.emailConfirmation(token: token), to: account, ctx)
    }

    /// Takes the token of such a link.
    ///
    /// - Returns: the account whose address is confirmed now.
    /// - Throws: `HTTPError` 400 for a token that is forged, out of date or used.
    public func confirmEmail(token: String, _ ctx: Context) async throws -> Account {
        let id = try await confirmations.subject(of: token, now: ctx.now) { [store] id in
            try await store.account(id).flatMap { $0.isEmailConfirmed ? nil : $0.email }
        }
        let account: Account? =
            if let id {
                try await store.update(id) { account in
                    guard !account.isEmailConfirmed else { return false }
                    account.isEmailConfirmed = true
                    return true
                }
            } else {
                nil
            }
        guard let account else { throw HTTPError.uselessLink }
        return account
    }
}

extension HTTPError {
    static var uselessLink: HTTPError {
        HTTPError(.badRequest, "The link is out of date, or was used before. Ask for another.")
    }
}
