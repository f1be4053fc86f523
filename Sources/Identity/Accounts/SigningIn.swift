import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What came of a right name and password.
public enum SignInResult: Sendable {
    /// The session is the user's.
    case signedIn(Account)
    /// The account has a second factor: ask for a code, and call `signIn(code:)`.
    case needsCode
}

extension Accounts {
    /// Signs a user in to the client's session, where name and password are right.
    ///
    /// - Parameters:
    ///   - isRemembered: true to keep the browser signed in when it was closed, and the session is over; see
    ///   ``RememberedScheme``.
    /// - Throws: `HTTPError` 401 for a name or password that is wrong, 403 for an account that is closed, 429 with
    ///   `Retry-After` where too many were wrong, 503 where too many are signing in at once.
    @discardableResult
    public func signIn(
        name: String, password: String, isRemembered: Bool = false, _ ctx: Context
    ) async throws -> SignInResult {
        let account = try await verified(name: name, password: password, ctx)
        if account.secondFactor?.isConfirmed == true {
            ctx.session.renew()
            ctx.session[.pendingSignIn] = PendingSignIn(
                user: account.id, revision: account.revision, isRemembered: isRemembered, time: ctx.now)
            return .needsCode
        }
        try await finish(account, methods: ["pwd"], isRemembered: isRemembered, ctx)
        return .signedIn(account)
    }

    /// Finishes a sign-in with a code of the second factor, or with a recovery code, which counts once.
    ///
    /// - Throws: `HTTPError` 401 for a code that is wrong, and where there was no right password within the last minutes; 429
    ///   where too many were wrong.
    @discardableResult
    public func signIn(code: String, _ ctx: Context) async throws -> SignInResult {
        guard let pending = ctx.session[.pendingSignIn],
            (0..<settings.codeTime / .seconds(1)).contains(ctx.now.timeIntervalSince(pending.time))
        else { throw HTTPError(.unauthorized, "Sign in with your name and password first.") }
        let key = SignInThrottle.key(.code, pending.user)
        try begin(key, user: pending.user, device: nil, ctx)
        guard let account = try await taking(code, of: pending, now: ctx.now), !account.isDisabled else {
            ctx.record(AuditEvent(.failure, user: pending.user, details: ["reason": "code"]))
            throw HTTPError(.unauthorized, "The code is wrong.")
        }
        throttle.succeed(key, address: ctx.client.address, device: nil)
        ctx.session[.pendingSignIn] = nil
        try await finish(account, methods: ["pwd", "otp", "mfa"], isRemembered: pending.isRemembered, ctx)
        return .signedIn(account)
    }

    /// The account of a name and password, for schemes that sign nobody in, as Basic; see `AuthenticationScheme.basic`.
    ///
    /// - Throws: as `signIn`; 401 also for an account with a second factor, which a password alone does not prove.
    public func account(name: String, password: String, _ ctx: Context) async throws -> Account {
        let account = try await verified(name: name, password: password, ctx)
        guard account.secondFactor?.isConfirmed != true else {
            throw HTTPError(.unauthorized, "This account has a second factor.")
        }
        return account
    }

    // MARK: - Steps

    /// The account, when the password is right.
    func verified(name: String, password: String, _ ctx: Context) async throws -> Account {
        // No such name can have been registered, and it is counted under what an attacker chooses.
        guard name.utf8.count <= 1024 else { throw HTTPError.wrongPassword }
        let nameKey = Account.key(of: name)
        let key = SignInThrottle.key(.password, nameKey)
        let account = try await store.account(nameKey: nameKey)
        let device = device?.get(ctx, now: ctx.now).flatMap { $0.user == account?.id ? $0.id : nil }
        try begin(key, user: account?.id, device: device, ctx)
        // Where there is no such account it takes as long, and is wrong.
        let result: PasswordHasher.Verification
        do {
            result = try await hasher.verify(
                password, against: account?.passwordHash.map(PasswordHash.init(rawValue:)))
        } catch {
            // Where too many wait nobody has been wrong, and whoever comes back as told is let in.
            if error is CancellationError || (error as? HTTPError)?.status == .serviceUnavailable {
                throttle.takeBack(key, address: ctx.client.address, device: device)
            }
            throw error
        }
        guard result.isRight, let account else {
            ctx.record(AuditEvent(.failure, user: account?.id, details: ["reason": "password"]))
            throw HTTPError.wrongPassword
        }
        throttle.succeed(key, address: ctx.client.address, device: device)
        guard !account.isDisabled else {
            ctx.record(AuditEvent(.failure, user: account.id, details: ["reason": "closed"]))
            throw HTTPError(.forbidden, "This account is closed.")
        }
        if result == .rightNeedsRehash { await rehash(password, of: account, ctx) }
        return account
    }

    /// Counts an attempt.
    ///
    /// - Throws: `HTTPError` 429.
    func begin(_ key: String, user: User.ID?, device: String?, _ ctx: Context) throws {
        guard let wait = throttle.begin(key, address: ctx.client.address, device: device, now: ctx.now) else { return }
        ctx.record(AuditEvent(.lockout, user: user))
        throw HTTPError(
            .tooManyRequests, "Too many attempts. Try again later.",
            headers: [.retryAfter: "\(Int((wait / .seconds(1)).rounded(.up)))"])
    }

    private func finish(
        _ account: Account, methods: [String], isRemembered: Bool, _ ctx: Context
    ) async throws {
        ctx.auth.signIn(account.user, methods: methods)
        if isRemembered { try await remember(account.id, methods: methods, ctx) }
        try? device?.set(KnownDevice(user: account.id, id: UUID().uuidString), ctx, now: ctx.now)
        ctx.record(AuditEvent(.signIn, user: account.id, details: ["methods": methods.joined(separator: " ")]))
    }

    /// The hash that is kept is of an old format or cost.
    private func rehash(_ password: String, of account: Account, _ ctx: Context) async {
        do {
            let hash = try await hasher.hash(password)
            _ = try await store.update(account.id) { changed in
                guard changed.passwordHash == account.passwordHash else { return false }
                changed.passwordHash = hash.rawValue
                return true
            }
        } catch {
            // The password is right all the same.
            ctx.logger.warning("a password's hash was not made anew", metadata: ["error": "\(error)"])
        }
    }

    /// Takes a code of the second factor, so that it counts once.
    private func taking(_ code: String, of pending: PendingSignIn, now: Date) async throws -> Account? {
        try await store.update(pending.user) { account in
            // The password that was right may be another's by now.
            guard account.revision == pending.revision, var factor = account.secondFactor, factor.isConfirmed,
                let totp = TOTP(secret: factor.secret)
            else { return false }
            if let step = totp.verify(code, now: now, after: factor.lastStep) {
                factor.lastStep = step
            } else if let index = RecoveryCodes.index(of: code, in: factor.recoveryCodes) {
                factor.recoveryCodes.remove(at: index)
            } else {
                return false
            }
            account.secondFactor = factor
            return true
        }
    }
}

/// Between the password and the code.
struct PendingSignIn: Codable, Sendable {
    let user: User.ID
    /// That of the account when the password was right.
    let revision: Int
    let isRemembered: Bool
    let time: Date
}

extension SessionKey<PendingSignIn> {
    fileprivate static let pendingSignIn = Self("martlet.pending-sign-in")
}

extension HTTPError {
    /// The same for a name that there is not.
    static var wrongPassword: HTTPError { HTTPError(.unauthorized, "The name or the password is wrong.") }
}

extension AuthenticationScheme where Self == BasicScheme {
    /// The name and password of an account with every request, each of which takes as long as a sign-in.
    public static func basic(realm: String, _ accounts: Accounts) -> BasicScheme {
        BasicScheme(realm: realm) { name, password, ctx in
            do {
                return try await accounts.account(name: name, password: password, ctx).user
            } catch let error as HTTPError where error.status == .unauthorized {
                return nil
            }
        }
    }
}
