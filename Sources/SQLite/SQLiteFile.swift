import GRDB

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What acknowledged events and sessions survive.
public enum SQLiteDurability: Sendable {
    /// The end of the process, `kill -9` included. A loss of power may take the last ones, and damages nothing
    /// (`PRAGMA synchronous=NORMAL`).
    case normal
    /// A loss of power, too: each transaction waits for the disk (`PRAGMA synchronous=FULL`).
    case full

    /// For the transactions that come; SQLite does not change it in one.
    func apply(to db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = \(self == .full ? "FULL" : "NORMAL")")
    }
}

/// An SQLite file that cannot be used, or not now.
public struct SQLiteFileError: Error, Sendable, CustomStringConvertible {
    /// The file as it was named when it was opened.
    public let path: String
    let reason: String
    /// The path and what is wrong, as a clause for a log.
    public var description: String { "the file '\(path)' \(reason)" }
}

/// Where a file is and how it is opened.
struct SQLiteFile: Sendable {
    let path: String
    let durability: SQLiteDurability
    let busyTimeout: Duration

    /// - Throws: `DatabaseError`, `SQLiteFileError`.
    func open() throws -> DatabaseQueue {
        if try !create() { try check() }
        var configuration = configuration
        configuration.journalMode = .wal
        let database = try DatabaseQueue(path: path, configuration: configuration)
        // Not in the configuration: the change to WAL has a level of its own.
        try database.writeWithoutTransaction(durability.apply)
        return database
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout / .seconds(1))
        configuration.label = "martlet"
        return configuration
    }

    /// Reads the whole file before anything is written to it.
    private func check() throws {
        var configuration = configuration
        configuration.readonly = true
        let found = try DatabaseQueue(path: path, configuration: configuration).read { db in
            try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        }
        guard found == "ok" else { throw damaged(found ?? "it cannot be checked") }
    }

    /// SQLite would make it readable for all.
    ///
    /// - Returns: false where there is a file already.
    private func create() throws -> Bool {
        let descriptor = openFile(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno == EEXIST else { throw unusable("cannot be made", errno) }
            return false
        }
        close(descriptor)
        return true
    }

    /// Puts what SQLite says into a sentence that names the file.
    func explaining<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: throw damaged(error.message ?? "")
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw SQLiteFileError(path: path, reason: "is locked by another program")
            case .SQLITE_FULL: throw SQLiteFileError(path: path, reason: "cannot grow: the disk is full")
            default:
                let what = error.message ?? "\(error.resultCode)"
                throw SQLiteFileError(path: path, reason: "cannot be used: \(what)")
            }
        }
    }

    func damaged(_ how: String) -> SQLiteFileError {
        SQLiteFileError(
            path: path,
            reason: "is damaged or no SQLite file (\(how)); restore it, or move it and its -wal file away to begin anew"
        )
    }

    func unusable(_ what: String, _ code: Int32) -> SQLiteFileError {
        SQLiteFileError(path: path, reason: "\(what): \(String(cString: strerror(code)))")
    }
}

/// `open` by a name that is not a method's.
func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
