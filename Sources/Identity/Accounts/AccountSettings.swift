import MartletMiddleware

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
