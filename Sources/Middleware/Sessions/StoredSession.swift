#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A session as a store keeps it. `Codable`, for stores that keep bytes.
public struct StoredSession: Sendable, Equatable, Codable {
    /// Its key in the store.
    public let handle: SessionHandle
    /// What the client's cookie must have.
    public internal(set) var secret: SessionSecret
    /// Whose it is, nil before anybody has signed in.
    public internal(set) var user: String?
    /// What the app keeps in it.
    public internal(set) var values: [String: String]
    /// When it was made, or its user signed in: the lifetime counts from here.
    public internal(set) var createdAt: Date
    /// Its last use, as far as it was noted.
    public internal(set) var lastUse: SessionUse

    package init(_ id: SessionID, user: String?, values: [String: String], use: SessionUse) {
        handle = id.handle
        secret = id.secret
        self.user = user
        self.values = values
        createdAt = use.date
        lastUse = use
    }

    var id: SessionID { SessionID(handle: handle, secret: secret) }

    /// What whoever lists and ends sessions may know.
    public var summary: SessionSummary {
        SessionSummary(
            handle: handle, user: user, createdAt: createdAt, lastUse: lastUse.date, device: lastUse.device,
            address: lastUse.address)
    }
}

/// When, with what and from where a session was used.
public struct SessionUse: Sendable, Equatable, Codable {
    /// The time of day.
    public let date: Date
    /// The `User-Agent` of the request, 256 bytes of it at most: what the client claims.
    public let device: String?
    /// The address that the request came from.
    public let address: String?

    package init(date: Date, device: String? = nil, address: String? = nil) {
        self.date = date
        self.device = device.map { Self.cut($0, to: 256) }
        self.address = address.map { Self.cut($0, to: 64) }
    }

    /// - Returns: as many whole characters as the bytes have room for.
    private static func cut(_ text: String, to count: Int) -> String {
        guard text.utf8.count > count else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: count)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end])
    }
}

/// A session as its owner may see it in a list: everything but its values and its secret.
public struct SessionSummary: Sendable, Hashable, Codable {
    /// Names it: what `ctx.sessions.end(_:)` takes.
    public let handle: SessionHandle
    /// Whose it is.
    public let user: String?
    /// When it was made, or its user signed in.
    public let createdAt: Date
    /// Its last use, noted once a minute at most.
    public let lastUse: Date
    /// The `User-Agent` of the last use: what the client claims.
    public let device: String?
    /// The address of the last use.
    public let address: String?
}

/// A session that is over.
public struct EndedSession: Sendable, Hashable {
    /// What named it.
    public let handle: SessionHandle
    /// Whose it was.
    public let user: String?

    /// What a store tells of a session that it has removed.
    public init(handle: SessionHandle, user: String?) {
        self.handle = handle
        self.user = user
    }
}

/// Which sessions are over at a moment: those that were idle, or have lived, for too long.
public struct SessionExpiry: Sendable {
    /// Over is what was last used then or before.
    public let lastUse: Date
    /// Over is what was made then or before.
    public let createdAt: Date

    init(now: Date, idleTime: TimeInterval, lifetime: TimeInterval) {
        lastUse = now.addingTimeInterval(-idleTime)
        createdAt = now.addingTimeInterval(-lifetime)
    }

    /// Whether the session is over.
    public func includes(_ session: StoredSession) -> Bool {
        session.lastUse.date <= lastUse || session.createdAt <= createdAt
    }
}

extension StoredSession {
    /// By the bytes, in every store: some names only look the same.
    package func isOf(_ user: String) -> Bool { self.user?.utf8.elementsEqual(user.utf8) == true }
}
