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

extension HTTPError {
    /// 422: everything can be read, and one field is not as it must be.
    static func wrong(_ field: String, _ messages: [String]) -> HTTPError {
        var errors = FieldErrors()
        for message in messages { errors.add(field, message) }
        return HTTPError(.unprocessableContent, "The request's fields are not as they must be.", fieldErrors: errors)
    }
}
