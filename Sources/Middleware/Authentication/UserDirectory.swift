import MartletCore

/// Where users are looked up by id.
public protocol UserDirectory: Sendable {
    /// The user, where that takes no waiting: `.some(nil)` for one that there is not, or no longer; nil to have `user` asked.
    func knownUser(_ id: User.ID, _ ctx: Context) -> User??
    /// The user; nil for one that there is not, or no longer.
    func user(_ id: User.ID, _ ctx: Context) async throws -> User?
}
