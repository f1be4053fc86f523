import MartletCore
import MartletMiddleware
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Accounts that were looked up a moment ago, so that a request of a signed-in user does not wait for the store.
final class AccountCache: Sendable {
    private struct Entry {
        let user: User?
        let time: Date
    }
    private struct State {
        var entries: [User.ID: Entry] = [:]
        /// Grows with each change: what was read before one is not kept after it.
        var changes = 0
    }
    private let state = Mutex(State())

    /// For how long an account may be what it was, where another process has changed it.
    private static let freshness = 1.0
    private static let maximumCount = 10_000

    /// nil where it has to be looked up; `.some(nil)` for nobody.
    func user(_ id: User.ID, now: Date) -> User?? {
        state.withLock { state in
            guard let entry = state.entries[id] else { return nil }
            // A clock that was set back makes nothing fresh.
            let age = now.timeIntervalSince(entry.time)
            return age >= 0 && age < Self.freshness ? .some(entry.user) : nil
        }
    }

    var changes: Int { state.withLock { $0.changes } }

    /// - Parameter changes: how many there had been when the account was read.
    func keep(_ user: User?, _ id: User.ID, now: Date, after changes: Int) {
        state.withLock { state in
            guard state.changes == changes else { return }
            if state.entries.count >= Self.maximumCount { state.entries.removeAll(keepingCapacity: true) }
            state.entries[id] = Entry(user: user, time: now)
        }
    }

    func forget(_ id: User.ID) {
        state.withLock { state in
            state.changes += 1
            state.entries[id] = nil
        }
    }
}

extension Accounts: UserDirectory {
    /// Who it is, where that was looked up within the last second.
    public func knownUser(_ id: User.ID, _ ctx: Context) -> User?? { cache.user(id, now: ctx.now) }

    /// Who it is; nil for an account that is closed, or that there is none of.
    public func user(_ id: User.ID, _ ctx: Context) async throws -> User? {
        let changes = cache.changes
        let account = try await store.account(id)
        let user = account.flatMap { $0.isDisabled ? nil : $0.user }
        cache.keep(user, id, now: ctx.now, after: changes)
        return user
    }
}
