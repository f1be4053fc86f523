import Martlet
import MartletIdentity
import MartletTesting
import Testing

// The samples of Docs/authentication.md and Docs/accounts.md.

// MARK: - Sign-in from nothing

struct ClubApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let accounts = Accounts(MemoryUserStore(), keys: .temporary())
        app.services.add(accounts)
        app.use(Sessions(.memory), Authentication(.session(accounts)))
        app.controllers(MembershipController.self)
    }
}

@Controller("club")
struct MembershipController {
    let accounts: Accounts

    /// POST /club/join
    @POST func join(name: String, password: String, _ ctx: Context) async throws -> Redirect {
        ctx.auth.signIn(try await accounts.register(name: name, password: password, ctx).user)
        return Redirect(to: MembershipController.links.index())
    }

    /// POST /club/sign-in
    @POST func signIn(name: String, password: String, _ ctx: Context) async throws -> Redirect {
        try await accounts.signIn(name: name, password: password, ctx)
        return Redirect(to: MembershipController.links.index())
    }

    /// POST /club/sign-out
    @POST func signOut(_ ctx: Context) async throws { try await accounts.signOut(ctx) }

    /// GET /club
    func index(_ user: User) -> String { "Hello \(user.name ?? "")" }
}

// MARK: - Schemes

/// Knows the machines of a workshop by their tokens.
struct Machines: Sendable {
    func name(of token: String) async throws -> String? { token == "lathe-7f3a" ? "lathe" : nil }
}

struct WorkshopApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let machines = Machines()
        app.use(
            Sessions(.memory),
            Authentication(
                .session,
                .bearer(name: "machine") { token, ctx in
                    guard let name = try await machines.name(of: token) else { return .refused("No such machine.") }
                    return .user(User(id: name, roles: ["machine"]))
                },
                signInPage: "/sign-in"))
        app.controllers(JobController.self)
        app.authorization.fallback = .authenticated
    }
}

// MARK: - Who may do what

extension AuthorizationPolicy {
    static let foreman = AuthorizationPolicy.role("foreman") && .method("mfa")
    static let dayShift = AuthorizationPolicy("day shift") { user, ctx in user.claims["shift"] == "day" }
}

@Authorize
@Controller("jobs")
struct JobController {
    @AllowAnonymous func index() -> [String] { ["saw", "drill"] }

    @Authorize(roles: "machine", "foreman") @POST func start(name: String, _ user: User) -> String {
        "\(user.id) starts \(name)"
    }

    @Authorize(policy: .foreman || .dayShift) @POST func stop() {}

    @Authorize(policy: .owner(of: "id") { (user, id: Int, ctx) in id == 7 && user.id == "ada" })
    @DELETE("{id}") func remove(id: Int) {}

    @GET("{id}") func show(id: Int, _ user: User?, _ ctx: Context) async throws -> String {
        if id < 0 { try await ctx.authorize(.foreman) }
        return user?.name ?? "nobody"
    }
}

// MARK: - Streams

@Controller("shop-floor")
struct ShopFloorController {
    @Authorize func index(_ user: User, _ ctx: Context) -> EventStream { ctx.sse.open(user: user.id) }

    @Authorize(roles: "foreman") @POST func dismiss(id: String, _ ctx: Context) -> Int {
        ctx.sse.closeStreams(provedBy: .user(id))
    }
}

// MARK: - Requests from other sites

@Controller("hooks")
struct HookController {
    @Mark(CrossSiteRequests.allowed) @AllowAnonymous @POST func paid(order: Int) -> Int { order }
}

// MARK: - Tests

@Suite struct WorkshopTests {
    @Test func whoMayDoWhat() async throws {
        let host = try TestHost(WorkshopApp())
        let foreman = try await host.client(as: User(id: "eva", roles: ["foreman"]), methods: ["pwd", "mfa"])
        let machine = host.client(bearer: "lathe-7f3a")
        #expect(try await foreman.post("/jobs/stop").status == .noContent)
        #expect(try await machine.post("/jobs/stop").status == .forbidden)
        #expect(try await host.client().post("/jobs/stop").status == .unauthorized)
        #expect(
            host.routeTable == """
                GET     /jobs        Job@index   [everyone]
                POST    /jobs/start  Job@start   [any user and role machine or foreman]
                POST    /jobs/stop   Job@stop    [any user and ((role foreman and by mfa) or day shift)]
                DELETE  /jobs/{id}   Job@remove  [any user and owner of {id}]
                GET     /jobs/{id}   Job@show    [any user]
                """)
    }

    @Test func aClubHasMembers() async throws {
        let host = try TestHost(ClubApp()) { app in
            app.services.add(Accounts(MemoryUserStore(), keys: .temporary(), hasher: PasswordHasher(cost: .fast)))
        }
        let client = host.client()
        #expect(
            try await client.post("/club/join", form: ["name": "Ada", "password": "correct horse"]).status == .seeOther)
        try await client.post("/club/sign-out")
        #expect(try await client.get("/club").status == .unauthorized)
    }
}

// MARK: - Accounts

struct SchoolApp: App {
    func configure(_ app: inout AppBuilder) throws {
        var settings = AccountSettings()
        settings.firstUserRoles = ["admin"]
        settings.issuer = "School"
        let accounts = Accounts(
            MemoryUserStore(), keys: try KeyRing([KeyRing.newKey()]), messenger: Post(), settings: settings)
        app.services.add(accounts)
        app.use(Sessions(.memory), Authentication(.session(accounts), .remembered(accounts)))
        app.controllers(PupilController.self)
    }
}

/// Puts letters where they will be sent from.
struct Post: AccountMessenger {
    func send(_ message: AccountMessage, to account: Account, _ ctx: Context) async throws {
        switch message {
        case .passwordReset(let token): ctx.logger.info("letter", metadata: ["length": "\(token.count)"])
        case .emailConfirmation(let token): ctx.logger.info("letter", metadata: ["length": "\(token.count)"])
        }
    }
}

@Controller("pupil")
struct PupilController {
    let accounts: Accounts

    /// POST /pupil/sign-in
    @POST func signIn(name: String, password: String, stay: Bool = false, _ ctx: Context) async throws -> String {
        switch try await accounts.signIn(name: name, password: password, isRemembered: stay, ctx) {
        case .signedIn(let account): "Hello \(account.name)"
        case .needsCode: "And the code?"
        }
    }

    /// POST /pupil/code
    @POST func code(code: String, _ ctx: Context) async throws { try await accounts.signIn(code: code, ctx) }

    /// POST /pupil/forgotten, answered the same for every name
    @POST func forgotten(name: String, _ ctx: Context) async throws -> String {
        try await accounts.sendPasswordReset(name: name, ctx)
        return "If there is such an account, a letter is on its way."
    }

    /// POST /pupil/reset
    @POST func reset(token: String, password: String, _ ctx: Context) async throws {
        try await accounts.resetPassword(token: token, to: password, ctx)
    }

    /// GET /pupil/sessions
    func sessions(_ user: User, _ ctx: Context) async throws -> [SessionSummary] {
        try await ctx.sessions.all(of: user.id)
    }

    /// POST /pupil/end
    @POST func end(session: SessionHandle, _ user: User, _ ctx: Context) async throws -> Bool {
        try await accounts.endSession(session, of: user.id, ctx)
    }

    /// POST /pupil/promote
    @Authorize(roles: "admin") @POST func promote(id: String, _ ctx: Context) async throws {
        try await accounts.setRoles(["teacher"], of: id, ctx)
    }
}
