import GRDB

/// Another program that works on a file, and may lock it.
struct OtherProgram {
    private let database: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    func lock() throws { try database.unsafeReentrantWrite { try $0.execute(sql: "BEGIN IMMEDIATE") } }

    func unlock() throws { try database.unsafeReentrantWrite { try $0.execute(sql: "ROLLBACK") } }

    func count(of table: String) throws -> Int? {
        try database.unsafeReentrantRead { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
    }
}
