import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletIdentity

/// Keeps what users are sent.
final class Outbox: AccountMessenger {
    private let messages = Mutex<[(AccountMessage, User.ID)]>([])
    func send(_ message: AccountMessage, to account: Account, _ ctx: Context) {
        messages.withLock { $0.append((message, account.id)) }
    }
    var count: Int { messages.withLock { $0.count } }
    var lastToken: String {
        switch messages.withLock({ $0.last })?.0 {
        case .passwordReset(let token), .emailConfirmation(let token): token
        case nil: ""
        }
    }
}

@Controller("account")
private struct AccountingController {
    let accounts: Accounts

    @POST func register(name: String, password: String, email: String?, id: String?, _ ctx: Context) async throws
        -> User.ID
    {
        let account = try await accounts.register(name: name, password: password, id: id, email: email, ctx)
        ctx.auth.signIn(account.user)
        return account.id
    }
    @POST func login(name: String, password: String, remember: Bool = false, _ ctx: Context) async throws -> String {
        switch try await accounts.signIn(name: name, password: password, isRemembered: remember, ctx) {
        case .signedIn: "in"
        case .needsCode: "code"
        }
    }
    @POST func code(code: String, _ ctx: Context) async throws { try await accounts.signIn(code: code, ctx) }
    @POST func logout(_ ctx: Context) async throws { try await accounts.signOut(ctx) }
    @POST func everywhere(_ user: User, _ ctx: Context) async throws -> Int {
        try await accounts.signOutEverywhere(user.id, ctx)
    }
    @GET func sessions(_ user: User, _ ctx: Context) async throws -> [String] {
        // Those on other devices.
        try await ctx.sessions.all(of: user.id).map(\.handle).filter { $0 != ctx.session.handle }.map(\.text)
    }
    @POST func end(handle: SessionHandle, _ user: User, _ ctx: Context) async throws -> Bool {
        try await accounts.endSession(handle, of: user.id, ctx)
    }
    @GET func who(_ user: User) -> String {
        "\(user.name ?? "") \(user.roles.sorted()) \(user.proof?.methods.joined(separator: "+") ?? "")"
    }
    @Authorize(roles: "admin") @GET func admin() -> String { "admin" }
    @Authorize @GET func feed(_ ctx: Context) -> EventStream { ctx.sse.open() }
    @POST func password(old: String, new: String, others: Bool = true, _ user: User, _ ctx: Context) async throws {
        try await accounts.changePassword(of: user.id, from: old, to: new, endsOtherSessions: others, ctx)
    }
    @POST func forgot(name: String, _ ctx: Context) async throws {
        try await accounts.sendPasswordReset(name: name, ctx)
    }
    @POST func reset(token: String, password: String, _ ctx: Context) async throws {
        try await accounts.resetPassword(token: token, to: password, ctx)
    }
    @POST func ask(_ user: User, _ ctx: Context) async throws {
        try await accounts.sendEmailConfirmation(to: user.id, ctx)
    }
    @POST func confirm(token: String, _ ctx: Context) async throws -> Bool {
        try await accounts.confirmEmail(token: token, ctx).isEmailConfirmed
    }
    @POST func secondFactor(password: String, _ user: User, _ ctx: Context) async throws -> [String] {
        let factor = try await accounts.startSecondFactor(of: user.id, password: password, ctx)
        return [factor.uri, factor.secret]
    }
    @POST func confirmFactor(code: String, _ user: User, _ ctx: Context) async throws -> [String] {
        try await accounts.confirmSecondFactor(of: user.id, code: code, ctx)
    }
    @POST func factorOff(password: String, _ user: User, _ ctx: Context) async throws {
        try await accounts.turnOffSecondFactor(of: user.id, password: password, ctx)
    }
    @POST func roles(id: String, roles: [String] = [], _ ctx: Context) async throws {
        try await accounts.setRoles(Set(roles), of: id, ctx)
    }
    @POST func remove(id: String, _ ctx: Context) async throws -> Bool { try await accounts.remove(id, ctx) }
    @POST func close(id: String, isClosed: Bool, _ ctx: Context) async throws {
        try await accounts.setDisabled(isClosed, id, ctx)
    }
}

@Suite struct AccountTests {
    private let host: TestHost
    private let outbox = Outbox()
    private let password = "correct horse battery"

    init() throws {
        var settings = AccountSettings()
        settings.firstUserRoles = ["admin"]
        let accounts = Accounts(
            MemoryUserStore(), keys: .temporary(), hasher: PasswordHasher(cost: .fast), messenger: outbox,
            settings: settings)
        host = try TestHost(
            controllers: AccountingController.self, services: accounts,
            middleware: Sessions(.memory),
            Authentication(.session(accounts), .remembered(accounts), .basic(realm: "test", accounts)))
    }

    private func registered(_ name: String, email: String? = nil) async throws -> TestClient {
        let client = host.client()
        var form: [String: String] = ["name": name, "password": password, "id": name]
        form["email"] = email
        let answer = try await client.post("/account/register", json: form)
        #expect(answer.status == .ok, "\(answer)")
        return client
    }

    private func login(_ name: String, _ password: String, _ client: TestClient? = nil) async throws -> TestResponse {
        try await (client ?? host.client()).post("/account/login", form: ["name": name, "password": password])
    }

    @Test func whoRegistersIsSignedInAndTheFirstMayMore() async throws {
        let first = try await registered("Ada")
        let second = try await registered("Bob")
        #expect(try await first.get("/account/admin").text == "admin")
        #expect(try await second.get("/account/admin").status == .forbidden)
        #expect(try await second.get("/account/who").text == "Bob [] pwd")
    }

    static let refused: [(name: String, password: String, field: String)] = [
        ("Ada", "correct horse battery", "name"), ("ADA", "correct horse battery", "name"),
        ("\u{ff21}da", "correct horse battery", "name"), ("", "correct horse battery", "name"),
        (" Eve", "correct horse battery", "name"), ("E\u{0}ve", "correct horse battery", "name"),
        ("E\u{202e}ve", "correct horse battery", "name"),
        (String(repeating: "e", count: 65), "correct horse battery", "name"),
        ("Eve", "short", "password"), ("Eve", "password1", "password"), ("evangelina", "Evangelina", "password"),
        ("Eve", String(repeating: "x", count: 5000), "password"),
    ]

    @Test(arguments: refused)
    func aNameOrPasswordThatIsNoneIsToldByItsField(_ row: (name: String, password: String, field: String)) async throws
    {
        _ = try await registered("Ada")
        let answer = try await host.client().post(
            "/account/register", json: ["name": row.name, "password": row.password])
        #expect(answer.status == .unprocessableContent, "\(answer)")
        #expect(answer.text.contains("\"\(row.field)\":["), "\(answer)")
    }

    @Test func aLongPasswordCountsToItsLastLetter() async throws {
        let long = String(repeating: "long password ", count: 5) + "x"
        #expect(long.count >= 64)
        let answer = try await host.client().post("/account/register", form: ["name": "Ada", "password": long])
        #expect(answer.status == .ok)
        #expect(try await login("Ada", long).text == "in")
        #expect(try await login("Ada", long.dropLast() + "y").status == .unauthorized)
        #expect(try await login("Ada", long.uppercased()).status == .unauthorized)
    }

    @Test func nobodyLearnsWhetherThereIsAnAccount() async throws {
        _ = try await registered("Ada")
        let wrong = try await login("Ada", "wrong wrong")
        let unknown = try await login("Nobody", "wrong wrong")
        #expect(wrong.status == .unauthorized)
        #expect(wrong.text == unknown.text)
        #expect(wrong.headers[values: .wwwAuthenticate] == unknown.headers[values: .wwwAuthenticate])
        let forgot = try await host.client().post("/account/forgot", form: ["name": "Nobody"])
        #expect(forgot.status == .noContent)
    }

    @Test func whoTriesTooOftenWaitsAndTheUsersOwnDeviceDoesNot() async throws {
        let ada = try await registered("Ada")
        _ = try await login("Ada", password, ada)
        for _ in 0..<5 { #expect(try await login("Ada", "wrong").status == .unauthorized) }
        // Also with the right one, by now.
        let locked = try await login("Ada", password)
        #expect(locked.status == .tooManyRequests)
        #expect(locked.headers[.retryAfter] == "300")
        #expect(host.log.contains { $0.description.contains("authn_login_lock") })
        // A name that there is not is locked alike.
        for _ in 0..<5 { _ = try await login("Nobody", "wrong") }
        #expect(try await login("Nobody", "wrong").status == .tooManyRequests)
        #expect(try await login("ada", password, ada).text == "in")
        await host.advance(by: .seconds(301))
        #expect(try await login("Ada", password).text == "in")
    }

    @Test func anAddressThatTriesManyNamesWaits() async throws {
        for index in 0..<30 { #expect(try await login("name\(index)", "wrong").status == .unauthorized) }
        #expect(try await login("another", "wrong").status == .tooManyRequests)
    }

    @Test func aNewPasswordEndsTheOtherSessions() async throws {
        let (here, there) = (try await registered("Ada"), host.client())
        _ = try await login("Ada", password, there)
        let stream = try await there.stream("/account/feed")
        let form: KeyValuePairs = ["old": password, "new": "another horse battery"]
        #expect(
            try await here.post("/account/password", form: ["old": "wrong", "new": "x"]).status == .unprocessableContent
        )
        let old = here.cookies["martlet_session"]
        #expect(try await here.post("/account/password", form: form).status == .noContent)
        #expect(here.cookies["martlet_session"] != old)
        #expect(try await here.get("/account/who").status == .ok)
        #expect(try await there.get("/account/who").status == .unauthorized)
        #expect(await stream.hasEnded)
        #expect(try await login("Ada", password).status == .unauthorized)
        #expect(try await login("Ada", "another horse battery").text == "in")
    }

    @Test func aLinkSetsANewPasswordOnce() async throws {
        let ada = try await registered("Ada", email: "ada@example.com")
        #expect(try await host.client().post("/account/forgot", form: ["name": "ADA"]).status == .noContent)
        let token = outbox.lastToken
        func reset(_ token: String, _ password: String = "brand new horse") async throws -> HTTPResponse.Status {
            try await host.client().post("/account/reset", form: ["token": token, "password": password]).status
        }
        #expect(try await reset(token + "x") == .badRequest)
        #expect(try await reset("") == .badRequest)
        #expect(try await reset(token, "short") == .unprocessableContent)
        #expect(try await reset(token) == .noContent)
        #expect(try await reset(token, "and another one") == .badRequest)
        #expect(try await ada.get("/account/who").status == .unauthorized)
        #expect(try await login("Ada", "brand new horse").text == "in")
        // One that is out of date.
        _ = try await host.client().post("/account/forgot", form: ["name": "Ada"])
        await host.advance(by: .seconds(3601))
        #expect(try await reset(outbox.lastToken) == .badRequest)
        // There is nowhere to send one to.
        _ = try await registered("Bob")
        let sent = outbox.count
        _ = try await host.client().post("/account/forgot", form: ["name": "Bob"])
        #expect(outbox.count == sent)
    }

    @Test func anAddressIsConfirmedByALink() async throws {
        let ada = try await registered("Ada", email: "ada@example.com")
        try await ada.post("/account/ask")
        let token = outbox.lastToken
        #expect(try await host.client().post("/account/confirm", form: ["token": token]).text == "true")
        #expect(try await host.client().post("/account/confirm", form: ["token": token]).status == .badRequest)
        // A link to reset is none to confirm.
        _ = try await host.client().post("/account/forgot", form: ["name": "Ada"])
        #expect(
            try await host.client().post("/account/confirm", form: ["token": outbox.lastToken]).status == .badRequest)
    }

    @Test func aSecondFactorIsAskedForAndEachCodeCountsOnce() async throws {
        let ada = try await registered("Ada")
        #expect(
            try await ada.post("/account/second-factor", form: ["password": "wrong"]).status == .unprocessableContent)
        let start = try await ada.post("/account/second-factor", form: ["password": password]).json([String].self)
        #expect(start[0].hasPrefix("otpauth://totp/"))
        let totp = try #require(TOTP(secret: start[1]))
        func code() -> String { totp.code(at: host.application.now) }
        #expect(try await ada.post("/account/confirm-factor", form: ["code": "000000"]).status == .unprocessableContent)
        let recovery = try await ada.post("/account/confirm-factor", form: ["code": code()]).json([String].self)
        #expect(recovery.count == 10)

        let client = host.client()
        #expect(try await login("Ada", password, client).text == "code")
        #expect(try await client.get("/account/who").status == .unauthorized)
        // The code of the confirmation was seen already.
        #expect(try await client.post("/account/code", form: ["code": code()]).status == .unauthorized)
        await host.advance(by: .seconds(30))
        #expect(try await client.post("/account/code", form: ["code": code()]).status == .noContent)
        #expect(try await client.get("/account/who").text == "Ada [\"admin\"] pwd+otp+mfa")
        // Without the password a code is nothing, and the password alone is not enough for Basic.
        #expect(try await host.client().post("/account/code", form: ["code": code()]).status == .unauthorized)
        let basic = Data("Ada:\(password)".utf8).base64EncodedString()
        #expect(
            try await host.client(headers: [.authorization: "Basic \(basic)"]).get("/account/who").status
                == .unauthorized)

        for expected in [HTTPResponse.Status.noContent, .unauthorized] {
            let other = host.client()
            #expect(try await login("Ada", password, other).text == "code")
            #expect(try await other.post("/account/code", form: ["code": recovery[0]]).status == expected)
        }
        // The password is old by then.
        let late = host.client()
        _ = try await login("Ada", password, late)
        await host.advance(by: .seconds(301))
        #expect(try await late.post("/account/code", form: ["code": recovery[1]]).status == .unauthorized)

        #expect(try await ada.post("/account/factor-off", form: ["password": "wrong"]).status == .unprocessableContent)
        #expect(try await ada.post("/account/factor-off", form: ["password": password]).status == .noContent)
        #expect(try await login("Ada", password).text == "in")
    }

    @Test func aPasswordThatWasChangedSinceIsNoFirstStep() async throws {
        let ada = try await registered("Ada")
        let secret = try await ada.post("/account/second-factor", form: ["password": password]).json([String].self)[1]
        let totp = try #require(TOTP(secret: secret))
        _ = try await ada.post("/account/confirm-factor", form: ["code": totp.code(at: host.application.now)])
        let attacker = host.client()
        #expect(try await login("Ada", password, attacker).text == "code")
        let change: KeyValuePairs = ["old": password, "new": "another horse battery"]
        #expect(try await ada.post("/account/password", form: change).status == .noContent)
        await host.advance(by: .seconds(30))
        let code = totp.code(at: host.application.now)
        #expect(try await attacker.post("/account/code", form: ["code": code]).status == .unauthorized)
        // The code was not used up by that.
        #expect(try await login("Ada", "another horse battery", attacker).text == "code")
        #expect(try await attacker.post("/account/code", form: ["code": code]).status == .noContent)
    }

    @Test func codesAreCountedApartFromWhateverSomebodyCallsItself() async throws {
        let ada = try await registered("Ada")
        let secret = try await ada.post("/account/second-factor", form: ["password": password]).json([String].self)[1]
        let totp = try #require(TOTP(secret: secret))
        _ = try await ada.post("/account/confirm-factor", form: ["code": totp.code(at: host.application.now)])
        for name in ["code of Ada", "code Ada"] {
            for _ in 0..<5 { _ = try await login(name, "wrong") }
        }
        await host.advance(by: .seconds(30))
        let client = host.client()
        #expect(try await login("Ada", password, client).text == "code")
        let code = totp.code(at: host.application.now)
        #expect(try await client.post("/account/code", form: ["code": code]).status == .noContent)
    }

    @Test func codesCannotBeTriedForLong() async throws {
        let ada = try await registered("Ada")
        let secret = try await ada.post("/account/second-factor", form: ["password": password]).json([String].self)[1]
        let totp = try #require(TOTP(secret: secret))
        _ = try await ada.post("/account/confirm-factor", form: ["code": totp.code(at: host.application.now)])
        let attacker = host.client()
        _ = try await login("Ada", password, attacker)
        for _ in 0..<5 {
            #expect(try await attacker.post("/account/code", form: ["code": "123"]).status == .unauthorized)
        }
        #expect(try await attacker.post("/account/code", form: ["code": "123"]).status == .tooManyRequests)
    }

    private func rememberedClient(_ name: String) async throws -> TestClient {
        let client = host.client()
        let form: KeyValuePairs = ["name": name, "password": password, "remember": "true"]
        #expect(try await client.post("/account/login", form: form).text == "in")
        #expect(client.cookies["martlet_remembered"] != nil)
        return client
    }

    @Test func aBrowserStaysSignedInWhenItsSessionIsOver() async throws {
        _ = try await registered("Ada")
        let (plain, ada) = (host.client(), try await rememberedClient("Ada"))
        _ = try await login("Ada", password, plain)
        let first = ada.cookies["martlet_remembered"]
        await host.advance(by: .seconds(24 * 3600))
        #expect(try await plain.get("/account/who").status == .unauthorized)
        #expect(try await ada.get("/account/who").text == "Ada [\"admin\"] pwd")
        #expect(ada.cookies["martlet_remembered"] != first)
        // The session is there now, and nothing more is asked of the cookie.
        let second = ada.cookies["martlet_remembered"]
        #expect(try await ada.get("/account/who").status == .ok)
        #expect(ada.cookies["martlet_remembered"] == second)
        // What a page asks for at once.
        let parallel = host.client()
        parallel.cookies["martlet_remembered"] = first
        #expect(try await parallel.get("/account/who").status == .ok)
        // Later, it is one that somebody has copied, and nobody is remembered any more.
        await host.advance(by: .seconds(61))
        let thief = host.client()
        thief.cookies["martlet_remembered"] = first
        #expect(try await thief.get("/account/who").status == .unauthorized)
        await host.advance(by: .seconds(24 * 3600))
        #expect(try await ada.get("/account/who").status == .unauthorized)
    }

    @Test func aBrowserIsForgottenWithItsSession() async throws {
        _ = try await registered("Ada")
        for way in ["logout", "everywhere", "end", "expiry", "close"] {
            let ada = try await rememberedClient("Ada")
            let cookie = ada.cookies["martlet_remembered"]
            switch way {
            case "logout", "everywhere": try await ada.post("/account/\(way)")
            case "end":
                let admin = host.client()
                _ = try await login("Ada", password, admin)
                for handle in try await admin.get("/account/sessions").json([String].self) {
                    try await admin.post("/account/end", form: ["handle": handle])
                }
            case "close":
                try await host.client().post("/account/close", form: ["id": "Ada", "isClosed": "true"])
            default: await host.advance(by: .seconds(31 * 24 * 3600))
            }
            let other = host.client()
            other.cookies["martlet_remembered"] = cookie
            #expect(try await other.get("/account/who").status == .unauthorized, "\(way)")
        }
    }

    @Test func rightsChangeAtOnce() async throws {
        let (admin, bob) = (try await registered("Ada"), try await registered("Bob"))
        let stream = try await bob.stream("/account/feed")
        try await admin.post("/account/roles", json: JSONRoles(id: "Bob", roles: ["admin"]))
        #expect(await stream.hasEnded)
        #expect(try await bob.get("/account/admin").text == "admin")
        try await admin.post("/account/roles", json: JSONRoles(id: "Bob", roles: []))
        #expect(try await bob.get("/account/admin").status == .forbidden)
        let other = try await bob.stream("/account/feed")
        try await admin.post("/account/close", form: ["id": "Bob", "isClosed": "true"])
        #expect(await other.hasEnded)
        #expect(try await bob.get("/account/who").status == .unauthorized)
        #expect(try await login("Bob", password).status == .forbidden)
        #expect(try await login("Bob", "wrong").status == .unauthorized)
        try await admin.post("/account/close", form: ["id": "Bob", "isClosed": "false"])
        #expect(try await login("Bob", password).text == "in")
        #expect(try await admin.post("/account/remove", form: ["id": "Bob"]).text == "true")
        #expect(try await login("Bob", password).status == .unauthorized)
        #expect(try await admin.post("/account/remove", form: ["id": "Bob"]).text == "false")
        #expect(try await admin.post("/account/close", form: ["id": "Nobody", "isClosed": "true"]).status == .notFound)
    }

    private struct JSONRoles: Encodable {
        let id: String
        let roles: [String]
    }

    @Test func theLogTellsWhatHappenedWithoutSecrets() async throws {
        let ada = try await registered("Ada")
        _ = try await login("Ada", password, ada)
        _ = try await login("Ada", "a wrong one")
        for event in ["user_created", "authz_change", "authn_login_success", "authn_login_fail"] {
            #expect(host.log.contains { $0.description.contains(event) }, "\(event)")
        }
        for secret in [password, "a wrong one", "scrypt"] {
            #expect(!host.log.contains { $0.description.contains(secret) }, "\(secret)")
        }
    }

    // MARK: - At the same time, and at the edges

    /// Another host, which may be of the same users as a second process is.
    private func host(
        _ store: MemoryUserStore, hasher: PasswordHasher = PasswordHasher(cost: .fast)
    ) throws -> TestHost {
        var settings = AccountSettings()
        settings.firstUserRoles = ["admin"]
        let accounts = Accounts(store, keys: .temporary(), hasher: hasher, messenger: outbox, settings: settings)
        return try TestHost(
            controllers: AccountingController.self, services: accounts,
            middleware: Sessions(.memory), Authentication(.session(accounts), .remembered(accounts)))
    }

    private func signUp(_ name: String, _ host: TestHost) async throws -> TestClient {
        let client = host.client()
        let form: KeyValuePairs = ["name": name, "password": password, "id": name]
        #expect(try await client.post("/account/register", form: form).status == .ok)
        return client
    }

    @Test func whereTooManyPasswordsAreCheckedNobodyLearnsWhoIsAUser() async throws {
        let hasher = PasswordHasher(cost: .fast, parallelism: 1, maxWaiting: 0)
        let host = try host(MemoryUserStore(), hasher: hasher)
        let ada = try await signUp("Ada", host)
        let gate = ThreadGate()
        let held = Task { try await hasher.pool.run { gate.pass() } }
        while hasher.pool.load.running == 0 { await Task.yield() }
        var answers: [TestResponse] = []
        for (name, password) in [("Ada", password), ("Ada", "wrong"), ("Nobody", "wrong")] {
            let answer = try await host.client().post("/account/login", form: ["name": name, "password": password])
            #expect(answer.status == .serviceUnavailable, "\(name)")
            #expect(answer.headers[.retryAfter] != nil, "\(name)")
            answers.append(answer)
        }
        #expect(Set(answers.map(\.text)).count == 1)
        // Nor whether a name is taken.
        for name in ["Ada", "Nobody"] {
            let answer = try await host.client().post(
                "/account/register", form: ["name": name, "password": "another horse battery"])
            #expect(answer.status == .serviceUnavailable, "\(name)")
        }
        // Nobody has been wrong, however often they come back.
        for _ in 0..<10 {
            let answer = try await host.client().post(
                "/account/login", form: ["name": "Ada", "password": password])
            #expect(answer.status == .serviceUnavailable)
        }
        // Who is signed in already needs none.
        #expect(try await ada.get("/account/who").status == .ok)
        gate.open()
        try await held.value
        #expect(
            try await host.client().post("/account/login", form: ["name": "Ada", "password": password]).text == "in")
    }

    @Test func otherSessionsStayWhereThatIsWanted() async throws {
        let (here, there) = (try await registered("Ada"), host.client())
        _ = try await login("Ada", password, there)
        let form: KeyValuePairs = ["old": password, "new": "another horse battery", "others": "false"]
        #expect(try await here.post("/account/password", form: form).status == .noContent)
        #expect(try await here.get("/account/who").status == .ok)
        #expect(try await there.get("/account/who").status == .ok)
        #expect(try await login("Ada", password).status == .unauthorized)
        #expect(try await login("Ada", "another horse battery").text == "in")
    }

    @Test func aRightPasswordDoesNotMakeAShortOneGood() async throws {
        let ada = try await registered("Ada")
        for new in ["short", "", "password1", String(repeating: "x", count: 5000)] {
            let answer = try await ada.post("/account/password", form: ["old": password, "new": new])
            #expect(answer.status == .unprocessableContent, "\(answer)")
            #expect(answer.text.contains("\"password\":["), "\(answer)")
        }
        #expect(try await ada.get("/account/who").status == .ok)
        #expect(try await login("Ada", password).text == "in")
    }

    @Test func oneCodeFromTwoClientsAtOnceSignsInOne() async throws {
        let ada = try await registered("Ada")
        let start = try await ada.post("/account/second-factor", form: ["password": password]).json([String].self)
        let totp = try #require(TOTP(secret: start[1]))
        let recovery = try await ada.post(
            "/account/confirm-factor", form: ["code": totp.code(at: host.application.now)]
        ).json([String].self)
        await host.advance(by: .seconds(30))
        for code in [totp.code(at: host.application.now), recovery[0]] {
            let clients = [host.client(), host.client()]
            for client in clients { #expect(try await login("Ada", password, client).text == "code") }
            async let first = clients[0].post("/account/code", form: ["code": code])
            async let second = clients[1].post("/account/code", form: ["code": code])
            let statuses = [try await first.status, try await second.status]
            #expect(Set(statuses) == [.noContent, .unauthorized], "\(statuses)")
            for (client, status) in zip(clients, statuses) {
                #expect(
                    try await client.get("/account/who").status == (status == .noContent ? .ok : .unauthorized))
            }
        }
    }

    @Test func oneLinkFromTwoClientsAtOnceSetsOnePassword() async throws {
        _ = try await registered("Ada", email: "ada@example.com")
        for round in 0..<5 {
            _ = try await host.client().post("/account/forgot", form: ["name": "Ada"])
            let (token, clients) = (outbox.lastToken, [host.client(), host.client()])
            async let first = clients[0].post(
                "/account/reset", form: ["token": token, "password": "first horse \(round)"])
            async let second = clients[1].post(
                "/account/reset", form: ["token": token, "password": "second horse \(round)"])
            let isFirst = try await first.status == .noContent
            let isSecond = try await second.status == .noContent
            #expect(isFirst != isSecond)
            #expect([HTTPResponse.Status.noContent, .badRequest, .conflict].contains(try await first.status))
            #expect([HTTPResponse.Status.noContent, .badRequest, .conflict].contains(try await second.status))
            #expect(try await login("Ada", "first horse \(round)").status == (isFirst ? .ok : .unauthorized))
            #expect(try await login("Ada", "second horse \(round)").status == (isSecond ? .ok : .unauthorized))
        }
    }

    @Test func blanksOfAPasswordCount() async throws {
        let blank = "  correct horse battery\t "
        for (name, isForm) in [("Ada", true), ("Bob", false)] {
            let client = host.client()
            let answer =
                isForm
                ? try await client.post("/account/register", form: ["name": name, "password": blank])
                : try await client.post("/account/register", json: ["name": name, "password": blank])
            #expect(answer.status == .ok)
        }
        for name in ["Ada", "Bob"] {
            for wrong in ["correct horse battery", "  correct horse battery", "correct horse battery\t ", blank + " "] {
                #expect(try await login(name, wrong).status == .unauthorized, "\(name)")
            }
            #expect(try await login(name, blank).text == "in", "\(name)")
        }
    }

    @Test func anAccountThatIsOpenedAgainHasNoneOfItsOldSessions() async throws {
        let (admin, bob) = (try await registered("Ada"), try await registered("Bob"))
        let remembered = try await rememberedClient("Bob")
        let cookies = [bob.cookies, remembered.cookies]
        try await admin.post("/account/close", form: ["id": "Bob", "isClosed": "true"])
        try await admin.post("/account/close", form: ["id": "Bob", "isClosed": "false"])
        await host.advance(by: .seconds(1))
        for cookies in cookies {
            let client = host.client()
            client.cookies = cookies
            #expect(try await client.get("/account/who").status == .unauthorized)
        }
        #expect(try await login("Bob", password).text == "in")
    }

    @Test func whatAnotherProcessHasChangedIsSeenASecondLater() async throws {
        let store = MemoryUserStore()
        let (one, other) = (try host(store), try host(store))
        let admin = try await signUp("Ada", one)
        _ = try await signUp("Bob", one)
        let bob = other.client()
        _ = try await bob.post("/account/login", form: ["name": "Bob", "password": password])
        #expect(try await bob.get("/account/admin").status == .forbidden)
        try await admin.post("/account/roles", json: JSONRoles(id: "Bob", roles: ["admin"]))
        await other.advance(by: .seconds(1))
        #expect(try await bob.get("/account/admin").text == "admin")
        try await admin.post("/account/roles", json: JSONRoles(id: "Bob", roles: []))
        await other.advance(by: .seconds(1))
        #expect(try await bob.get("/account/admin").status == .forbidden)
        try await admin.post("/account/close", form: ["id": "Bob", "isClosed": "true"])
        await other.advance(by: .seconds(1))
        #expect(try await bob.get("/account/who").status == .unauthorized)
    }

    @Test func oneNameFromManyClientsAtOnceIsOnes() async throws {
        for round in 0..<5 {
            let statuses = try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                for name in ["Ada", "ADA", "ada", "\u{ff21}da"] {
                    group.addTask {
                        let form: KeyValuePairs = ["name": "\(name)\(round)", "password": "correct horse battery"]
                        return try await host.client().post("/account/register", form: form).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == .ok } == 1, "\(statuses)")
            #expect(statuses.count { $0 == .unprocessableContent } == 3, "\(statuses)")
        }
    }

    /// Swift takes them for equal, and most stores do not.
    @Test func anIDThatOnlyLooksLikeAnothersIsNone() async throws {
        _ = try await registered("\u{e9}va")
        for id in ["e\u{301}va", "\u{212b}va"] {
            let form: KeyValuePairs = ["name": "Eve", "password": password, "id": id]
            let answer = try await host.client().post("/account/register", form: form)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.text.contains("\"id\":["), "\(answer)")
        }
    }

    @Test func aNameThatIsTooLongIsLookedUpNowhere() async throws {
        let long = "Ada" + String(repeating: "\u{fdfa}", count: 10_000)
        #expect(try await login(long, password).status == .unauthorized)
        #expect(try await host.client().post("/account/forgot", form: ["name": long]).status == .noContent)
        #expect(outbox.count == 0)
    }

    @Test func howeverMuchABrowserIsUsedItIsNotRememberedForLonger() async throws {
        _ = try await registered("Ada")
        let ada = try await rememberedClient("Ada")
        for _ in 0..<5 {
            await host.advance(by: .seconds(24 * 3600 * 29 / 5))
            #expect(try await ada.get("/account/who").status == .ok)
        }
        await host.advance(by: .seconds(24 * 3600 + 1))
        #expect(try await ada.get("/account/who").status == .unauthorized)
    }
}
