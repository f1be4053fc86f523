import Foundation
import MartletCore

/// A user as an app keeps one: what is asked at a sign-in, and what is known afterwards.
public struct Account: Sendable, Identifiable, Codable, Equatable {
    /// By which the app knows the user; never used twice.
    public let id: User.ID
    /// What the user types to sign in. It is one account's in any case and any Unicode form: see ``nameKey``.
    public var name: String
    /// For people to read.
    public var displayName: String?
    /// Where messages go; nil for a user who has given none.
    public var email: String?
    /// Whether the user has shown to read what goes there.
    public var isEmailConfirmed = false
    /// What the user may do, in the app's words.
    public var roles: Set<String>
    /// The text of the password's hash; nil for a user who has none, and signs in otherwise.
    public var passwordHash: String?
    /// The second factor; nil where it is off.
    public var secondFactor: SecondFactor?
    /// True for a user who may not sign in, for now or for ever.
    public var isDisabled = false
    /// When it was made.
    public let createdAt: Date
    /// Grows with each change of what the user may do or signs in by.
    public var revision = 0
    /// The browsers that stay signed in.
    public var remembered: [Remembered] = []
    /// What the app keeps beside.
    public var properties: [String: String] = [:]

    /// A browser that stays signed in, by a secret of which the hash is kept.
    public struct Remembered: Sendable, Codable, Equatable {
        /// Names it.
        public let id: String
        package var hash: String
        /// That of the secret before this one.
        package var previousHash: String?
        /// When it was used last.
        public package(set) var time: Date
        /// When it is forgotten.
        public let expiresAt: Date
        /// By what the user was recognised.
        public let methods: [String]
        /// The handle of the session that it has.
        public package(set) var session: String

        package init(
            id: String, hash: String, time: Date, expiresAt: Date, methods: [String], session: String
        ) {
            self.id = id
            self.hash = hash
            self.time = time
            self.expiresAt = expiresAt
            self.methods = methods
            self.session = session
        }

        /// It was used, and has another secret from now on.
        package mutating func use(_ next: String, _ now: Date, session: String) {
            (previousHash, hash, time, self.session) = (hash, next, now, session)
        }

        /// True for the secret that was the last one a moment ago.
        package func wasJustReplaced(_ hash: String, _ now: Date, within time: TimeInterval) -> Bool {
            previousHash == hash && (0..<time).contains(now.timeIntervalSince(self.time))
        }
    }

    /// A time-based code (RFC 6238) beside the password.
    public struct SecondFactor: Sendable, Codable, Equatable {
        /// In Base32.
        public var secret: String
        /// False until the user has given a code of it.
        public var isConfirmed: Bool
        /// The step of the last code, which is not taken again.
        public var lastStep: Int64?
        /// The hashes of the recovery codes that are left.
        public var recoveryCodes: [String]

        /// A second factor that the user has to confirm.
        public init(secret: String) {
            self.secret = secret
            isConfirmed = false
            recoveryCodes = []
        }
    }

    /// - Parameters:
    ///   - id: by default a UUID.
    ///   - name: what the user types to sign in.
    public init(
        id: User.ID = UUID().uuidString.lowercased(), name: String, displayName: String? = nil, email: String? = nil,
        roles: Set<String> = [], passwordHash: String? = nil, createdAt: Date
    ) {
        self.id = id
        self.name = name
        self.displayName = displayName
        self.email = email
        self.roles = roles
        self.passwordHash = passwordHash
        self.createdAt = createdAt
    }

    /// What no two accounts have alike: the name in lower case and in Unicode's composed compatibility form, so that nobody
    /// passes for somebody else by the case or the width of a letter.
    public var nameKey: String { Self.key(of: name) }

    /// What stands for a name.
    public static func key(of name: String) -> String { name.normalized.lowercased().normalized }

    /// What stands for an id, or for the key of a name, where bytes are compared: Swift takes texts for equal that are so in any of
    /// Unicode's canonical forms, and so must a store, or one user would be taken for another.
    package static func exactKey(of text: String) -> String { text.precomposedStringWithCanonicalMapping }

    /// The user that requests are made by.
    public var user: User { User(id: id, name: displayName ?? name, roles: roles) }
}

extension String {
    /// NFKC (UAX #15).
    fileprivate var normalized: String { precomposedStringWithCompatibilityMapping }
}
