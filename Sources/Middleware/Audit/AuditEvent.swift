import Logging
import MartletCore

/// Something that concerns who may do what, for the log: without a password, a token or a code in it.
public struct AuditEvent: Sendable {
    /// What happened, in the words of OWASP's logging vocabulary.
    public enum Name: String, Sendable {
        /// Somebody has signed in.
        case signIn = "authn_login_success"
        /// A name, password or code was wrong.
        case failure = "authn_login_fail"
        /// Too many were, and no more are tried for a while.
        case lockout = "authn_login_lock"
        /// An account was made.
        case registration = "user_created"
        /// A user has a new password.
        case passwordChange = "authn_password_change"
        /// A link to set a new password was asked for.
        case passwordReset = "authn_password_reset_request"
        /// A second factor was turned on or off.
        case secondFactorChange = "authn_factor_change"
        /// A user may do more than before, or less.
        case rightsChange = "authz_change"
        /// Sessions were ended by somebody else than their own client.
        case sessionsEnded = "session_ended"
        /// A token or key was made.
        case tokenCreated = "authn_token_created"
        /// A token or key was taken back.
        case tokenRevoked = "authn_token_revoked"
    }
    /// What happened.
    public let name: Name
    /// Whom it concerns; nil where there is no such user.
    public let user: User.ID?
    /// What else is known: `reason`, `roles`.
    public let details: [String: String]

    /// - Parameter details: nothing that is secret.
    public init(_ name: Name, user: User.ID? = nil, details: [String: String] = [:]) {
        self.name = name
        self.user = user
        self.details = details
    }
}

extension Context {
    /// Writes what concerns who may do what to the log, as one line at `notice` with `audit`, `user`, `address` and the details
    /// as its metadata, beside the request's id.
    public func record(_ event: AuditEvent) {
        var metadata: Logger.Metadata = ["audit": "\(event.name.rawValue)", "address": "\(client.address)"]
        metadata["user"] = event.user.map { "\($0)" }
        // Who did it, where it is somebody else.
        if let user, user.id != event.user { metadata["by"] = "\(user.id)" }
        for (key, value) in event.details { metadata[key] = "\(value)" }
        logger.notice("audit", metadata: metadata)
    }
}
