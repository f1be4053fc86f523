import Foundation
import Martlet
import MartletIdentity
import MartletJWT
import MartletSQLite

package struct ExampleApp: App {
    private let environment: [String: String]
    private let hasher: PasswordHasher

    package init() { self.init(environment: ProcessInfo.processInfo.environment) }

    /// - Parameter hasher: a test has one that takes no time.
    package init(environment: [String: String], hasher: PasswordHasher = PasswordHasher()) {
        self.environment = environment
        self.hasher = hasher
    }

    package func configure(_ app: inout AppBuilder) throws {
        let settings = try Settings(environment)
        let accounts = try accounts(settings)
        let members = Members(accounts: accounts, admin: settings.admin, takesGuests: settings.database == nil)
        app.services.add(ChatRooms())
        app.services.add(SystemMonitor())
        app.services.add(accounts)
        app.services.add(members)
        let tokens = try AccountTokens(members)
        app.services.add(tokens)
        app.mount(ClientScript())
        app.mount(CountController(), at: "client", use: settings.partner.map { [partnerAccess($0)] } ?? [])
        if let file = settings.eventsFile {
            // What was said outlives a restart.
            // Another instance of this app that has the file will hardly end by itself: say so soon.
            app.events.store = SQLiteHistory(file, handoverTimeout: .seconds(2))
        }
        app.use(
            Compression(), SecurityHeaders(), try sessions(settings), try FlashMessages(keys: settings.keys),
            Authentication(
                .session(members), tokens.scheme, signInPage: AccountController.links.signInPage().description))
        // Programs of before are told in these words.
        app.messages.add(["Sign in first.": "请先登录"], for: "en")
        if members.takesGuests, let admin = settings.admin {
            app.logger.warning("ADMIN_USER without DATABASE: anyone can sign in as \(admin), without a password")
        }
    }

    /// Lets a partner's pages read answers, as its user who is signed in here.
    private func partnerAccess(_ origin: String) -> CORS {
        CORS(origins: [.exact(origin)], methods: [.get], allowsCredentials: true)
    }

    private func accounts(_ settings: Settings) throws -> Accounts {
        var rules = AccountSettings()
        rules.firstUserRoles = [Members.adminRole]
        let store: any UserStore = try settings.database.map { try SQLiteUserStore($0) } ?? MemoryUserStore()
        return Accounts(store, keys: settings.keys, hasher: hasher, settings: rules)
    }

    /// Who is signed in outlives a restart, where there is a file for it.
    private func sessions(_ settings: Settings) throws -> Sessions {
        guard let file = settings.database ?? settings.eventsFile.map({ $0 + ".sessions" }) else {
            return Sessions(.memory)
        }
        return Sessions(try SQLiteSessionStore(file))
    }
}
