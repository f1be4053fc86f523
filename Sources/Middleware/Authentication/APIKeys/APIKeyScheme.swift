import HTTPTypes
import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// API keys in `Authorization: Bearer …` or `X-API-Key`, as programs send them.
///
/// Only a hash is kept of a key, and found by: whoever reads the store has no key, and the time that it takes tells nothing. A
/// fast hash will do, since keys are random and long.
public struct APIKeyScheme: AuthenticationScheme {
    /// The hash of a key; nil for a text that cannot be one, for which the store is not asked.
    public typealias Hash = @Sendable (_ key: String) -> String?
    /// Finds the user of a key; nil where there is none.
    public typealias UserLookup = @Sendable (_ key: StoredAPIKey, _ ctx: Context) async throws -> User?

    /// `api-key`, where no other is given.
    public let name: String
    private let store: any APIKeyStore
    private let immediate: (any ImmediateAPIKeyStore)?
    private let hash: Hash
    private let user: UserLookup?
    private static let maximumBytes = 512
    /// Not each use costs a write.
    private static let noteInterval: TimeInterval = 60

    /// - Parameters:
    ///   - store: where the keys are kept.
    ///   - hash: such as `{ APIKey($0)?.hash }` of MartletIdentity.
    ///   - name: names the scheme, where there are several.
    ///   - user: finds the owner, with roles; nil for ``StoredAPIKey/user``, who has none. The scopes are the key's in any case.
    public init(
        _ store: some APIKeyStore, hash: @escaping Hash, name: String = "api-key", user: UserLookup? = nil
    ) {
        self.name = name
        self.store = store
        immediate = store as? any ImmediateAPIKeyStore
        self.hash = hash
        self.user = user
    }

    /// The owner of the key that the request has. Waits only for a store that does, and for the app's own lookup.
    ///
    /// - Throws: what an ``ImmediateAPIKeyStore`` throws.
    public func authenticate(_ ctx: Context) throws -> AuthenticationResult {
        let (bearer, fields) = (ctx.request.credentials(scheme: "bearer"), ctx.request.apiKeys)
        // Of several nobody can say which counts.
        guard fields.count + (bearer == nil ? 0 : 1) <= 1 else { return .refused("There is more than one.") }
        guard let text = fields.first ?? bearer.map(String.init) else { return .none }
        guard text.utf8.count <= Self.maximumBytes, let hash = hash(text) else {
            // It may be another scheme's token.
            return fields.isEmpty ? .none : .refused("The key is malformed.")
        }
        if let immediate { return result(try immediate.find(hash: hash), hash, ctx) }
        return .later { result(try await store.find(hash: hash), hash, ctx) }
    }

    /// `Bearer`, and where a key was refused, why.
    public func challenge(_ ctx: Context, refusal: String?) -> String? {
        guard let refusal else { return "Bearer" }
        return "Bearer error=\"invalid_token\", error_description=\(refusal.quotedString)"
    }

    private func result(_ key: StoredAPIKey?, _ hash: String, _ ctx: Context) -> AuthenticationResult {
        let now = ctx.now
        // A store may compare less strictly than this, which takes no time that tells something.
        guard let key, key.hash.isEqualInConstantTime(to: hash) else { return .refused("The key is not known.") }
        guard key.expiresAt.map({ now < $0 }) ?? true else { return .refused("The key has expired.") }
        let isNoteworthy = key.lastUse.map { now.timeIntervalSince($0) >= Self.noteInterval } ?? true
        if let immediate {
            if isNoteworthy {
                do {
                    try immediate.noteUse(of: key.id, at: now)
                } catch {
                    warn(key, error, ctx)
                }
            }
            if user == nil { return .user(key.user, provedBy: key, name) }
        } else if user == nil, !isNoteworthy {
            return .user(key.user, provedBy: key, name)
        }
        return .later {
            if immediate == nil, isNoteworthy {
                do {
                    try await store.noteUse(of: key.id, at: now)
                } catch {
                    warn(key, error, ctx)
                }
            }
            guard let user else { return .user(key.user, provedBy: key, name) }
            guard let found = try await user(key, ctx) else { return .refused("The key's user is not known.") }
            return .user(found, provedBy: key, name)
        }
    }

    /// The key is good, whatever the store makes of its use.
    private func warn(_ key: StoredAPIKey, _ error: any Error, _ ctx: Context) {
        ctx.logger.warning(
            "The use of an API key could not be noted.", metadata: ["key": "\(key.id)", "error": "\(error)"])
    }
}

extension AuthenticationScheme where Self == APIKeyScheme {
    /// API keys in `Authorization: Bearer …` or `X-API-Key`.
    public static func apiKeys(
        _ store: some APIKeyStore, hash: @escaping APIKeyScheme.Hash, name: String = "api-key",
        user: APIKeyScheme.UserLookup? = nil
    ) -> APIKeyScheme { APIKeyScheme(store, hash: hash, name: name, user: user) }
}

extension AuthenticationResult {
    fileprivate static func user(_ user: User, provedBy key: StoredAPIKey, _ scheme: String) -> AuthenticationResult {
        var user = user
        user.claims["scope"] = key.user.claims["scope"]
        user.proof = UserProof(scheme: scheme, time: key.createdAt, expiresAt: key.expiresAt, handle: .key(key.id))
        return .user(user)
    }
}

extension Request {
    /// The fields `X-API-Key`.
    fileprivate var apiKeys: [String] { Self.apiKeyField.map { headers[values: $0] } ?? [] }
    private static let apiKeyField = HTTPField.Name("X-API-Key")
}

extension String {
    fileprivate func isEqualInConstantTime(to other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
