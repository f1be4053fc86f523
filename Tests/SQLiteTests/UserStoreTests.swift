import Foundation
import GRDB
import Martlet
import MartletMiddleware
import MartletSQLite
import Testing

/// The stores of accounts do the same, and an SQLite file keeps what it is given.
@Suite struct UserStoreTests {
    enum Kind: CaseIterable, Sendable { case memory, sqlite }

    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func file(_ name: String = "users.db") throws -> SQLiteUserStore {
        try SQLiteUserStore(folder.path(name), durability: .normal, busyTimeout: .seconds(20))
    }

    private func account(_ id: User.ID, _ name: String, at seconds: Double = 0) -> Account {
        Account(id: id, name: name, createdAt: Date(timeIntervalSince1970: 1_800_000_000 + seconds))
    }

    // MARK: - Against a model

    /// Accounts in a plain list.
    private struct Model {
        var accounts: [Account] = []

        func account(_ id: User.ID) -> Account? { accounts.first { $0.id == id } }
        func account(nameKey: String) -> Account? { accounts.first { $0.nameKey == nameKey } }
        var oldest: Account? { accounts.min { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) } }

        mutating func insert(_ account: Account) -> Bool {
            guard self.account(account.id) == nil, self.account(nameKey: account.nameKey) == nil else { return false }
            accounts.append(account)
            return true
        }
        mutating func update(_ id: User.ID, _ change: (inout Account) -> Bool) -> Account? {
            guard let index = accounts.firstIndex(where: { $0.id == id }) else { return nil }
            var account = accounts[index]
            guard change(&account), account.id == id, account.nameKey == accounts[index].nameKey else { return nil }
            accounts[index] = account
            return account
        }
        mutating func remove(_ id: User.ID) -> Bool {
            guard let index = accounts.firstIndex(where: { $0.id == id }) else { return false }
            accounts.remove(at: index)
            return true
        }
    }

    /// Some are the same, and some only look so.
    private static let ids = ["a", "A", "a\0", "a\0b", "\0", "é", "e\u{301}", "K", "\u{212A}", "線", "1", "01", " a"]
    private static let names = ["Ada", "ADA", "\u{FF21}da", "Ada\0", "ada\0x", "é", "E\u{301}", "ß", "SS", "線", "Bob"]

    private enum Step: CaseIterable {
        case insert, insertMore, change, saysNo, rename, otherCase, replace, remove, restart
    }

    /// Values of all kinds.
    private static func fill(_ account: inout Account, _ random: inout RandomText) {
        account.displayName = random.optional()
        account.email = random.optional()
        account.isEmailConfirmed.toggle()
        account.roles = Set((0..<random.number(below: 3)).map { _ in random.text() })
        account.passwordHash = random.optional()
        account.isDisabled = random.number(below: 2) == 0
        account.revision += random.number(below: 3)
        account.properties[random.text()] = random.text()
        if random.number(below: 2) == 0 {
            var factor = Account.SecondFactor(secret: random.text())
            factor.lastStep = random.number(below: 2) == 0 ? .max : nil
            factor.recoveryCodes = [random.text()]
            account.secondFactor = factor
            account.remembered.append(
                Account.Remembered(
                    id: random.text(), hash: random.text(),
                    time: Date(timeIntervalSinceReferenceDate: Double(random.number(below: 1 << 40)) / 7),
                    expiresAt: .distantFuture, methods: [random.text()], session: random.text()))
        } else {
            account.secondFactor = nil
        }
    }

    @Test(arguments: Kind.allCases, 1...4 as ClosedRange<UInt64>)
    func `a store does what the model does`(kind: Kind, seed: UInt64) async throws {
        var random = RandomText(seed: seed)
        var model = Model()
        // As two processes have them.
        var stores: [any UserStore] =
            switch kind {
            case .memory: [MemoryUserStore()]
            case .sqlite: [try file(), try file()]
            }
        for number in 0..<150 {
            let step = Step.allCases[random.number(below: Step.allCases.count)]
            let id = Self.ids[random.number(below: Self.ids.count)]
            let name = Self.names[random.number(below: Self.names.count)]
            let which = random.number(below: stores.count)
            let store = stores[which]
            let comment: Comment = "step \(number), \(step) \(id.debugDescription) \(name.debugDescription)"
            var change: (@Sendable (inout Account) -> Bool)?
            switch step {
            case .insert, .insertMore:
                var account = account(id, name, at: Double(random.number(below: 40)) / 8)
                Self.fill(&account, &random)
                try #require(await store.insert(account) == model.insert(account), comment)
            case .change:
                let start = random
                for _ in 0..<20 { _ = random.text() }
                change = { account in
                    var random = start
                    Self.fill(&account, &random)
                    return true
                }
            case .saysNo:
                change = { account in
                    account.roles = ["admin"]
                    return false
                }
            case .rename:
                change = { account in
                    account.name = name
                    account.roles = ["admin"]
                    return true
                }
            case .otherCase:
                change = { account in
                    account.name = account.name.lowercased()
                    return true
                }
            case .replace:
                let other = account(id, name, at: Double(random.number(below: 40)) / 8 - 3)
                change = { account in
                    account = other
                    return true
                }
            case .remove:
                try #require(await store.remove(id) == model.remove(id), comment)
            case .restart:
                if kind == .sqlite { stores[which] = try file() }
            }
            if let change {
                // The id of one account, and another of some other one.
                let target = Self.ids[random.number(below: Self.ids.count)]
                try #require(await store.update(target, change) == model.update(target, change), comment)
            }
            let reader = stores[random.number(below: stores.count)]
            for id in Self.ids {
                let found = try await reader.account(id)
                try #require(found == model.account(id), comment)
                try #require(bytes(found?.id) == bytes(model.account(id)?.id), comment)
                try #require(bytes(found?.name) == bytes(model.account(id)?.name), comment)
            }
            for name in Self.names {
                let key = Account.key(of: name)
                try #require(await reader.account(nameKey: key) == model.account(nameKey: key), comment)
            }
            try #require(await reader.oldest() == model.oldest, comment)
        }
    }

    // MARK: - At the same time

    private func stores(_ kind: Kind) throws -> [any UserStore] {
        switch kind {
        case .memory:
            let store = MemoryUserStore()
            return [store, store]
        case .sqlite: return [try file(), try file()]
        }
    }

    @Test(arguments: Kind.allCases) func `of many who want a name at once one gets it`(kind: Kind) async throws {
        let stores = try stores(kind)
        for round in 0..<5 {
            let winners = try await withThrowingTaskGroup(of: User.ID?.self) { group in
                for number in 0..<20 {
                    let account = account("\(round)-\(number)", number % 3 == 0 ? "ADA\(round)" : "ada\(round)")
                    group.addTask { try await stores[number % 2].insert(account) ? account.id : nil }
                }
                return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
            }
            #expect(winners.count == 1)
            #expect(try await stores[0].account(nameKey: "ada\(round)")?.id == winners.first)
        }
    }

    @Test(arguments: Kind.allCases) func `no change is lost, and each is made once`(kind: Kind) async throws {
        let stores = try stores(kind)
        _ = try await stores[0].insert(account("1", "Ada"))
        let isFirst = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let changed = try await stores[number % 2].update("1") { account in
                        account.revision += 1
                        account.properties["\(number)"] = ""
                        return true
                    }
                    // As a code is used up.
                    let used = try await stores[number % 2].update("1") { account in
                        guard account.roles.isEmpty else { return false }
                        account.roles = ["\(number)"]
                        return true
                    }
                    #expect(changed?.properties["\(number)"] == "")
                    return used != nil
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(isFirst.count { $0 } == 1)
        let account = try await stores[1].account("1")
        #expect(account?.revision == 60)
        #expect(account?.properties.count == 60)
    }

    // MARK: - The file

    @Test func `what a process that was killed had told is there`() async throws {
        let store = try file()
        _ = try await store.insert(account("1", "Ada"))
        _ = try await store.update("1") { account in
            account.roles = ["admin"]
            return true
        }
        try folder.copy("users.db", to: "copy.db")
        #expect(try await file("copy.db").account("1")?.roles == ["admin"])
    }

    @Test func `nobody else can read it`() async throws {
        _ = try await file().insert(account("1", "Ada"))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.url.path) {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600, "\(name)")
        }
    }

    @Test func `several processes may make the file at the same time`() async throws {
        for round in 0..<5 {
            try await withThrowingTaskGroup { group in
                for number in 0..<6 {
                    group.addTask {
                        _ = try await file("\(round).db").insert(account("\(number)", "name\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try OtherProgram(folder.path("\(round).db")).count(of: "martlet_account") == 6)
        }
    }

    @Test func `the file may be that of the sessions`() async throws {
        let users = try file()
        let sessions = try SQLiteSessionStore(folder.path("users.db"), busyTimeout: .seconds(20))
        let session = StoredSession(
            SessionID(), user: "1", values: [:], use: SessionUse(date: Date(timeIntervalSince1970: 1_800_000_000)))
        _ = try await users.insert(account("1", "Ada"))
        try await sessions.create(session)
        #expect(try await file().account("1")?.name == "Ada")
        #expect(try await sessions.load(session.handle) == session)
    }

    @Test func `a damaged file ends the start-up with a sentence`() throws {
        try Data("this is a text and no database".utf8).write(to: URL(filePath: folder.path("users.db")))
        let error = #expect(throws: StartupError.self) { try file() }
        #expect(error?.description.hasPrefix("The accounts cannot be kept: the file '") == true)
        let missing = #expect(throws: StartupError.self) { try file("none/users.db") }
        #expect(missing?.description.contains("cannot be made") == true)
    }

    @Test func `a file whose pages are damaged ends the start-up, too`() async throws {
        let store = try file()
        for number in 0..<200 { _ = try await store.insert(account("\(number)", "name\(number)")) }
        let database = try DatabaseQueue(path: folder.path("users.db"))
        _ = try await database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try database.close()
        try folder.copy("users.db", to: "copy.db")
        let handle = try FileHandle(forUpdating: URL(filePath: folder.path("copy.db")))
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 4096)
        try handle.write(contentsOf: Data(repeating: 0x5A, count: Int(size) - 4096))
        try handle.close()
        let error = #expect(throws: StartupError.self) { try file("copy.db") }
        #expect(error?.description.contains("is damaged or no SQLite file") == true)
    }

    @Test func `a file of a later format ends the start-up`() async throws {
        _ = try file()
        let database = try DatabaseQueue(path: folder.path("users.db"))
        try await database.write { try $0.execute(sql: "UPDATE martlet_accounts SET format = 9") }
        try database.close()
        let error = #expect(throws: StartupError.self) { try file() }
        #expect(error?.description.contains("has format 9, and this version of Martlet reads format 1") == true)
    }

    @Test func `a file that cannot be read or written is named, and no account is nobody`() async throws {
        let path = folder.path("users.db")
        let store = try SQLiteUserStore(path, busyTimeout: .milliseconds(20))
        _ = try await store.insert(account("1", "Ada"))
        let other = try OtherProgram(path)
        try other.lock()
        await #expect(throws: SQLiteFileError.self) { try await store.insert(account("2", "Bob")) }
        await #expect(throws: SQLiteFileError.self) { try await store.update("1") { _ in true } }
        await #expect(throws: SQLiteFileError.self) { try await store.remove("1") }
        #expect(try await store.account("1")?.name == "Ada")
        try other.unlock()
        #expect(try await store.insert(account("2", "Bob")))

        let database = try DatabaseQueue(path: path)
        try await database.write { try $0.execute(sql: "UPDATE martlet_account SET account = '{}'") }
        let damaged = await #expect(throws: SQLiteFileError.self) { try await store.account("1") }
        #expect(damaged?.description.contains("an account in it cannot be read") == true)
        await #expect(throws: SQLiteFileError.self) { try await store.account(nameKey: "ada") }
        await #expect(throws: SQLiteFileError.self) { try await store.update("1") { _ in true } }
        await #expect(throws: SQLiteFileError.self) { try await store.oldest() }
        try await database.write { try $0.execute(sql: "DROP TABLE martlet_account") }
        let error = await #expect(throws: SQLiteFileError.self) { try await store.account("1") }
        #expect(error?.description.contains("users.db' cannot be used") == true)
    }
}
