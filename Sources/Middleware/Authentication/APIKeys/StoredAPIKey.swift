import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is kept of an API key: all but the key.
public struct StoredAPIKey: Sendable, Identifiable, Hashable {
    /// What is shown of the key, such as `shop_3fXa`: names it in lists, in the log, and as `.key(id)` for its streams.
    public let id: String
    /// The hash of the key, by which a request's is found.
    public let hash: String
    /// Whose it is.
    public let userID: User.ID
    /// What its owner calls it.
    public var name: String?
    /// What it is for; policies ask with `.scope("orders")`.
    public var scopes: [String]
    /// When it was made.
    public let createdAt: Date
    /// When it is over; nil for never.
    public var expiresAt: Date?
    /// When it was used last, to the minute; nil for never.
    public var lastUse: Date?

    /// - Parameters:
    ///   - id: what is shown of the key.
    ///   - hash: as the scheme's `hash:` makes it.
    ///   - user: whose it is.
    ///   - scopes: words without spaces.
    ///   - createdAt: `ctx.now`.
    public init(
        id: String, hash: String, user: User.ID, name: String? = nil, scopes: [String] = [], createdAt: Date,
        expiresAt: Date? = nil
    ) {
        self.id = id
        self.hash = hash
        userID = user
        self.name = name
        self.scopes = scopes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// Its owner, who may do what the key is for.
    public var user: User {
        User(id: userID, claims: scopes.isEmpty ? [:] : ["scope": scopes.joined(separator: " ")])
    }
}
