import MartletCore
import Synchronization

/// Accounts in this process's memory: gone with it.
public final class MemoryUserStore: UserStore {
    private struct State {
        var accounts: [User.ID: Account] = [:]
        var ids: [String: User.ID] = [:]
    }
    private let state = Mutex(State())

    /// No accounts yet.
    public init() {}

    /// The account of that id.
    public func account(_ id: User.ID) -> Account? { state.withLock { $0.accounts[id] } }

    /// The account whose `nameKey` it is.
    public func account(nameKey: String) -> Account? {
        state.withLock { state in state.ids[nameKey].flatMap { state.accounts[$0] } }
    }

    /// Keeps a new account, unless there is one of that id or name.
    public func insert(_ account: Account) -> Bool {
        state.withLock { state in
            guard state.accounts[account.id] == nil, state.ids[account.nameKey] == nil else { return false }
            state.accounts[account.id] = account
            state.ids[account.nameKey] = account.id
            return true
        }
    }

    /// Changes an account.
    public func update(_ id: User.ID, _ change: @escaping @Sendable (inout Account) -> Bool) -> Account? {
        state.withLock { state in
            guard var account = state.accounts[id] else { return nil }
            let key = account.nameKey
            guard change(&account), account.id == id, account.nameKey == key else { return nil }
            state.accounts[id] = account
            return account
        }
    }

    /// Forgets an account.
    public func remove(_ id: User.ID) -> Bool {
        state.withLock { state in
            guard let account = state.accounts.removeValue(forKey: id) else { return false }
            state.ids[account.nameKey] = nil
            return true
        }
    }

    /// The account that was made first.
    public func oldest() -> Account? {
        state.withLock { $0.accounts.values.min { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) } }
    }
}
