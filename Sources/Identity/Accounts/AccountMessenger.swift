import MartletCore
import MartletMiddleware

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
