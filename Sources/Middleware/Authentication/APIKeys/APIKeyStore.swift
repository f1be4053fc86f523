import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where API keys are kept, by their hashes.
public protocol APIKeyStore: Sendable {
    /// The key with this hash; nil where there is none, or no longer.
    func find(hash: String) async throws -> StoredAPIKey?
    /// Notes when a key was used last. Does nothing for one that is gone.
    func noteUse(of id: StoredAPIKey.ID, at time: Date) async throws
    /// Keeps a new key.
    ///
    /// - Throws: ``APIKeyTaken`` where there is one of the id or the hash.
    func add(_ key: StoredAPIKey) async throws
    /// Forgets a key.
    ///
    /// - Returns: false where there is none.
    func remove(_ id: StoredAPIKey.ID) async throws -> Bool
    /// The keys of a user, the oldest first.
    func keys(of user: User.ID) async throws -> [StoredAPIKey]
}

/// A store that never waits: requests are answered without a task for it.
public protocol ImmediateAPIKeyStore: APIKeyStore {
    /// As ``APIKeyStore/find(hash:)``, without waiting.
    func find(hash: String) throws -> StoredAPIKey?
    /// As ``APIKeyStore/noteUse(of:at:)``, without waiting.
    func noteUse(of id: StoredAPIKey.ID, at time: Date) throws
}

extension APIKeyStore {
    /// Takes a key back, and ends the streams that were opened with it.
    ///
    /// - Returns: false where there is none.
    /// - Throws: what the store throws.
    @discardableResult
    public func revoke(_ id: StoredAPIKey.ID, _ ctx: Context) async throws -> Bool {
        let isGone = try await remove(id)
        ctx.sse.closeStreams(provedBy: .key(id))
        return isGone
    }
}

/// There is a key that shows the same: make another one.
public struct APIKeyTaken: Error, Sendable, CustomStringConvertible {
    /// What it shows.
    public let id: StoredAPIKey.ID
    /// A sentence that names it.
    public var description: String { "There is an API key '\(id)': make another one." }

    /// - Parameter id: what it shows.
    public init(id: StoredAPIKey.ID) { self.id = id }
}

/// API keys in this process's memory: gone with it.
public final class MemoryAPIKeyStore: ImmediateAPIKeyStore {
    private struct State {
        var keys: [StoredAPIKey.ID: StoredAPIKey] = [:]
        var ids: [String: StoredAPIKey.ID] = [:]
    }
    private let state = Mutex(State())

    /// An empty one.
    public init() {}

    /// The key with this hash.
    public func find(hash: String) -> StoredAPIKey? {
        state.withLock { state in state.ids[hash].flatMap { state.keys[$0] } }
    }

    /// Notes when a key was used last.
    public func noteUse(of id: StoredAPIKey.ID, at time: Date) {
        state.withLock { $0.keys[id]?.lastUse = time }
    }

    /// Keeps a new key.
    public func add(_ key: StoredAPIKey) throws {
        let isNew = state.withLock { state in
            guard state.keys[key.id] == nil, state.ids[key.hash] == nil else { return false }
            state.keys[key.id] = key
            state.ids[key.hash] = key.id
            return true
        }
        guard isNew else { throw APIKeyTaken(id: key.id) }
    }

    /// Forgets a key.
    public func remove(_ id: StoredAPIKey.ID) -> Bool {
        state.withLock { state in
            guard let key = state.keys.removeValue(forKey: id) else { return false }
            state.ids[key.hash] = nil
            return true
        }
    }

    /// The keys of a user, the oldest first.
    public func keys(of user: User.ID) -> [StoredAPIKey] {
        state.withLock { $0.keys.values.filter { $0.userID == user } }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }
}
