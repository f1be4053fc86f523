import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The users of an app: registering, signing in and out, changing and resetting passwords, second factors, rights. A service.
///
///     let accounts = Accounts(MemoryUserStore(), keys: .temporary())
///     app.services.add(accounts)
///     app.use(Sessions(.memory), Authentication(.session(accounts)))
///
///     @POST func signIn(name: String, password: String, _ ctx: Context) async throws -> Redirect {
///         try await accounts.signIn(name: name, password: password, ctx)
///         return Redirect(to: "/")
///     }
///
/// What a user has done wrong is an `HTTPError` with the field's name, so that it can be shown beside it. Whether there is an
/// account of a name, nobody learns from an answer or from the time that it takes, but by registering that name.
public final class Accounts: Sendable {
    /// Where they are kept.
    public let store: any UserStore
    let hasher: PasswordHasher
    let settings: AccountSettings
    let messenger: any AccountMessenger
    let throttle: SignInThrottle
    let resets: OneTimeTokens
    let confirmations: OneTimeTokens
    let device: ProtectedCookie<KnownDevice>?
    let remembered: ProtectedCookie<RememberedToken>?
    let cache = AccountCache()

    /// - Parameters:
    ///   - store: where they are kept.
    ///   - keys: what tokens and cookies are signed with. With others than before, links that are under way are worth nothing.
    ///   - hasher: what makes passwords into hashes.
    ///   - messenger: what brings users the links to reset a password and to confirm an address.
    public init(
        _ store: some UserStore, keys: KeyRing, hasher: PasswordHasher = PasswordHasher(),
        messenger: some AccountMessenger = LoggingMessenger(), settings: AccountSettings = AccountSettings()
    ) {
        self.store = store
        self.hasher = hasher
        self.settings = settings
        self.messenger = messenger
        throttle = SignInThrottle(settings.throttle)
        resets = OneTimeTokens("reset-password", keys: keys, lifetime: settings.resetLifetime)
        confirmations = OneTimeTokens("confirm-email", keys: keys, lifetime: settings.confirmationLifetime)
        device = KnownDevice.cookie(keys, isSecure: settings.isSecure)
        remembered = RememberedToken.cookie(keys, lifetime: settings.rememberedTime, isSecure: settings.isSecure)
    }
}

/// How accounts behave.
public struct AccountSettings: Sendable {
    /// Which passwords users may choose.
    public var passwords = PasswordPolicy()
    /// What the first user may do who registers.
    public var firstUserRoles: Set<String> = []
    /// How long a link to set a new password is good for.
    public var resetLifetime = Duration.seconds(3600)
    /// How long a link to confirm an address is good for.
    public var confirmationLifetime = Duration.seconds(3 * 24 * 3600)
    /// For how long a browser stays signed in whose user wants that, from the sign-in on.
    public var rememberedTime = Duration.seconds(30 * 24 * 3600)
    /// How long a user has after the password to give the code of the second factor.
    public var codeTime = Duration.seconds(300)
    /// True where the app is reached over TLS and its requests do not say so, as behind a proxy that is not listed: its cookies are
    /// `Secure` all the same.
    public var isSecure = false
    /// How often names and passwords may be tried.
    public var throttle = SignInThrottle.Settings()
    /// What authenticator apps show as the name of the app.
    public var issuer = "Martlet"
    /// What a name may be; nil where it may. By default, 1 to 64 characters without controls, and no space at either end.
    public var nameProblem: @Sendable (String) -> String? = AccountSettings.standardNameProblem

    /// What holds where nothing else is said.
    public init() {}

    private static let standardNameProblem: @Sendable (String) -> String? = { name in
        guard (1...64).contains(name.count), name.utf8.count <= 256 else { return "must have 1 to 64 characters" }
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: true
            }
        }
        guard isPlain, name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
            return "must not have control characters, or begin or end with a space"
        }
        return nil
    }
}

/// Brings messages to users: by e-mail, by text message, on paper.
public protocol AccountMessenger: Sendable {
    /// Sends a link, or puts it where it will be sent from: whoever asked for it waits meanwhile, and must not see by the time it
    /// takes whether there is such an account.
    func send(_ message: AccountMessage, to account: Account, _ ctx: Context) async throws
}

/// What a user is sent.
public enum AccountMessage: Sendable {
    /// A token with which a new password can be set.
    case passwordReset(token: String)
    /// A token that shows that the address is the user's.
    case emailConfirmation(token: String)
}

/// Writes messages to the log, for development: who can read it can take over accounts. Elsewhere it says that there is nothing
/// that sends them.
public struct LoggingMessenger: AccountMessenger {
    /// One that needs nothing.
    public init() {}

    /// Writes the message to the log where the app is in development.
    public func send(_ message: AccountMessage, to account: Account, _ ctx: Context) {
        guard ctx.isDevelopment else {
            ctx.logger.error(
                "a message to a user was not sent: give Accounts a messenger", metadata: ["user": "\(account.id)"])
            return
        }
        ctx.logger.notice("message to a user", metadata: ["user": "\(account.id)", "message": "\(message)"])
    }
}

extension HTTPError {
    /// 422: everything can be read, and one field is not as it must be.
    static func wrong(_ field: String, _ messages: [String]) -> HTTPError {
        var errors = FieldErrors()
        for message in messages { errors.add(field, message) }
        return HTTPError(.unprocessableContent, "The request's fields are not as they must be.", fieldErrors: errors)
    }
}
