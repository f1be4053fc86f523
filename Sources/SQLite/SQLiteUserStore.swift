import GRDB
import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Accounts in an SQLite file. Several processes may have the file at the same time, and it may be that of the sessions.
///
/// What is answered is in the file: `kill -9` loses nothing. Hashes and second factors stand in it, so it is made readable for its
/// owner alone.
public final class SQLiteUserStore: UserStore {
    private let file: SQLiteFile
    private let database: DatabaseQueue

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - path: where the file is, or is to be made. Its folder must be there, on a local disk.
    ///   - durability: whether accounts also survive a loss of power.
    ///   - busyTimeout: how long a request waits for others that work on the file.
    /// - Throws: `StartupError` where the file is damaged or of a later version.
    public init(_ path: String, durability: SQLiteDurability = .full, busyTimeout: Duration = .seconds(1)) throws {
        let file = SQLiteFile(path: path, durability: durability, busyTimeout: busyTimeout)
        self.file = file
        do {
            database = try file.explaining {
                let database = try file.open()
                try database.write { db in try Self.prepare(db, file) }
                return database
            }
        } catch {
            throw StartupError("The accounts cannot be kept: \(error).")
        }
    }

    private static let format = 1

    private static func prepare(_ db: Database, _ file: SQLiteFile) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS martlet_accounts (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS martlet_account (
                    id BLOB PRIMARY KEY NOT NULL, name_key BLOB NOT NULL UNIQUE, created_at REAL NOT NULL,
                    account TEXT NOT NULL) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS martlet_account_created_at ON martlet_account (created_at, id);
                INSERT OR IGNORE INTO martlet_accounts VALUES (1, \(format));
                """)
        let found = try Int.fetchOne(db, sql: "SELECT format FROM martlet_accounts") ?? 0
        guard found == format else {
            throw SQLiteFileError(
                path: file.path, reason: "has format \(found), and this version of Martlet reads format \(format)")
        }
    }

    /// The account of that id.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func account(_ id: User.ID) async throws -> Account? {
        try await read { [self] db in try account(id, db) }
    }

    /// The account whose `nameKey` it is.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func account(nameKey: String) async throws -> Account? {
        try await read { [self] db in
            try String.fetchOne(
                db, sql: "SELECT account FROM martlet_account WHERE name_key = ?", arguments: [Self.column(nameKey)]
            ).map(account)
        }
    }

    /// Keeps a new account, unless there is one of that id or name.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func insert(_ account: Account) async throws -> Bool {
        let text = try Self.text(of: account)
        return try await write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO martlet_account VALUES (?, ?, ?, ?)",
                arguments: [
                    Self.column(account.id), Self.column(account.nameKey), account.createdAt.timeIntervalSince1970,
                    text,
                ])
            return db.changesCount > 0
        }
    }

    /// Changes an account.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func update(
        _ id: User.ID, _ change: @escaping @Sendable (inout Account) -> Bool
    ) async throws -> Account? {
        try await write { [self] db in
            guard var account = try account(id, db) else { return nil }
            let key = account.nameKey
            guard change(&account), account.id == id, account.nameKey == key else { return nil }
            try db.execute(
                sql: "UPDATE martlet_account SET created_at = ?, account = ? WHERE id = ?",
                arguments: [
                    account.createdAt.timeIntervalSince1970, try Self.text(of: account), Self.column(id),
                ])
            return account
        }
    }

    /// Forgets an account.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be written.
    public func remove(_ id: User.ID) async throws -> Bool {
        try await write { db in
            try db.execute(sql: "DELETE FROM martlet_account WHERE id = ?", arguments: [Self.column(id)])
            return db.changesCount > 0
        }
    }

    /// The account that was made first.
    ///
    /// - Throws: `SQLiteFileError` where the file cannot be read.
    public func oldest() async throws -> Account? {
        try await read { [self] db in
            try String.fetchOne(db, sql: "SELECT account FROM martlet_account ORDER BY created_at, id LIMIT 1")
                .map(account)
        }
    }

    /// An id or a name's key as the table has it.
    private static func column(_ text: String) -> StoredText { StoredText(Account.exactKey(of: text)) }

    private func account(_ id: User.ID, _ db: Database) throws -> Account? {
        try String.fetchOne(
            db, sql: "SELECT account FROM martlet_account WHERE id = ?", arguments: [Self.column(id)]
        ).map(account)
    }

    private func account(of text: String) throws -> Account {
        do {
            return try JSONDecoder().decode(Account.self, from: Data(text.utf8))
        } catch {
            throw file.damaged("an account in it cannot be read")
        }
    }

    private static func text(of account: Account) throws -> String {
        String(decoding: try JSONEncoder().encode(account), as: UTF8.self)
    }

    private func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await database.read(work)
        } catch {
            return try file.explaining { throw error }
        }
    }

    /// What the writer has begun is finished, also for a client that is gone: it is one transaction.
    private func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await database.write(work)
        } catch {
            return try file.explaining { throw error }
        }
    }
}
