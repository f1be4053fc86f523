import MartletCore
import MartletMiddleware

extension Accounts {
    /// Begins to give a user a second factor: show its `uri` as a QR code and its `secret` as text, and ask for a code.
    ///
    /// - Throws: `HTTPError` 409 where the user has one: it is turned off first; 422 where the password is wrong, 429 where too
    ///   many were.
    public func startSecondFactor(
        of user: User.ID, password: String, _ ctx: Context
    ) async throws -> (uri: String, secret: String) {
        try await confirm(password, of: user, ctx)
        let totp = TOTP()
        let account = try await store.update(user) { account in
            guard account.secondFactor?.isConfirmed != true else { return false }
            account.secondFactor = Account.SecondFactor(secret: totp.secret)
            return true
        }
        guard let account else { throw HTTPError(.conflict, "There is a second factor already: turn it off first.") }
        return (totp.uri(issuer: settings.issuer, account: account.name), totp.secret)
    }

    /// Turns the second factor on, when the user gives a first code of it. The user's other sessions, which nobody has shown a
    /// code for, end.
    ///
    /// - Returns: recovery codes for the user, who sees them now and never again.
    /// - Throws: `HTTPError` 422 for a code that is wrong.
    public func confirmSecondFactor(of user: User.ID, code: String, _ ctx: Context) async throws -> [String] {
        let codes = RecoveryCodes()
        let now = ctx.now
        let account = try await store.update(user) { account in
            guard var factor = account.secondFactor, !factor.isConfirmed,
                let step = TOTP(secret: factor.secret)?.verify(code, now: now, after: factor.lastStep)
            else { return false }
            factor.isConfirmed = true
            factor.lastStep = step
            factor.recoveryCodes = codes.hashes
            account.secondFactor = factor
            account.revision += 1
            return true
        }
        guard account != nil else { throw HTTPError.wrong("code", ["is wrong"]) }
        try await signOutEverywhere(user, exceptThis: true, ctx)
        ctx.session.renew()
        ctx.record(AuditEvent(.secondFactorChange, user: user, details: ["factor": "on"]))
        return codes.texts
    }

    /// Turns the second factor off.
    ///
    /// - Throws: `HTTPError` 422 where the password is wrong, 429 where too many were.
    public func turnOffSecondFactor(of user: User.ID, password: String, _ ctx: Context) async throws {
        try await confirm(password, of: user, ctx)
        _ = try await store.update(user) { account in
            account.secondFactor = nil
            account.revision += 1
            return true
        }
        ctx.session.renew()
        ctx.record(AuditEvent(.secondFactorChange, user: user, details: ["factor": "off"]))
    }

    /// Makes sure that it is the user who sits there.
    ///
    /// - Throws: `HTTPError` 422 where the password is wrong, 429 where too many were.
    private func confirm(_ password: String, of user: User.ID, _ ctx: Context) async throws {
        guard let account = try await store.account(user) else { throw HTTPError.notSignedIn }
        do {
            _ = try await verified(name: account.name, password: password, ctx)
        } catch let error as HTTPError where error.status == .unauthorized {
            throw HTTPError.wrong("password", ["is wrong"])
        }
    }
}
