import MartletCore

/// Where accounts are kept: in memory, in SQLite (`SQLiteUserStore` of MartletSQLite), or in a database of the app's own.
///
/// Ids and keys are equal where Swift's strings are: a store that compares bytes has them in Unicode's composed form (NFC), and
/// keeps a NUL in them.
public protocol UserStore: Sendable {
    /// The account of that id.
    func account(_ id: User.ID) async throws -> Account?
    /// The account whose `nameKey` it is.
    func account(nameKey: String) async throws -> Account?
    /// Keeps a new account.
    ///
    /// - Returns: false where there is one of that id or name already; nothing is changed then.
    func insert(_ account: Account) async throws -> Bool
    /// Changes an account: nobody else changes it in between.
    ///
    /// - Parameter change: returns false to leave it as it is. It may be called again, where others came first. The id and the
    ///   name's key stay what they are.
    /// - Returns: the account as it is kept now; nil where there is none of that id, or the change said no.
    func update(
        _ id: User.ID, _ change: @escaping @Sendable (inout Account) -> Bool
    ) async throws -> Account?
    /// Forgets an account.
    ///
    /// - Returns: false where there is none.
    func remove(_ id: User.ID) async throws -> Bool
    /// The account that was made first of those that there are; of two of one time, the one whose id is less.
    func oldest() async throws -> Account?
}
