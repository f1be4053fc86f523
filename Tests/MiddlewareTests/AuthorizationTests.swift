import Martlet
import MartletTesting
import Testing

extension AuthorizationPolicy {
    fileprivate static let staff = AuthorizationPolicy.role("editor", "admin") && .method("mfa")
    fileprivate static let lucky = AuthorizationPolicy(
        "lucky", waiting: { user, ctx in ctx.request.rawQuery == "luck" })
}

@Controller("open")
private struct OpenController {
    func index(_ user: User?) -> String { user?.name ?? "nobody" }
    func mine(_ user: User) -> String { user.id }
    @Authorize func users() -> String { "users" }
    @Authorize(roles: "admin", "owner") func admins() -> String { "admins" }
    @Authorize(policy: .staff || .lucky) func staff() -> String { "staff" }
    @Authorize(policy: !.role("banned")) func unbanned() -> String { "unbanned" }
    @Authorize(policy: .claim("plan", "gold", "silver")) func paid() -> String { "paid" }
    @Authorize(policy: .scope("read")) func scoped() -> String { "scoped" }
    @Authorize(policy: .owner(of: "number") { (user, number: Int, ctx) in user.id == "\(number)" })
    @GET("items/{number}") func item(number: Int) -> Int { number }
    @GET func asked(_ ctx: Context) async throws -> String {
        try await ctx.authorize(.role("admin"))
        return "asked"
    }
}

@Authorize(roles: "admin")
@Controller("closed")
private struct ClosedController {
    func index() -> String { "closed" }
    @AllowAnonymous func news() -> String { "news" }
    @Authorize(policy: .claim("tenant")) func both() -> String { "both" }
}

@AllowAnonymous
@Controller("lobby")
private struct LobbyController {
    func index() -> String { "lobby" }
    @Authorize func room() -> String { "room" }
}

@Controller("plain")
private struct PlainController {
    func index() -> String { "plain" }
}

@Suite struct AuthorizationTests {
    private func host(
        fallback: AuthorizationPolicy? = nil, over transport: Transport = .standard
    ) throws -> TestHost {
        try TestHost(
            controllers: OpenController.self, ClosedController.self, LobbyController.self, PlainController.self,
            middleware: Sessions(.memory), Authentication(.session), over: transport
        ) { $0.authorization.fallback = fallback }
    }

    private static let admin = User(id: "1", name: "Ada", roles: ["admin"])
    private static let editor = User(id: "2", roles: ["editor"], claims: ["plan": "gold", "scope": "write read"])
    private static let banned = User(
        id: "3", roles: ["banned"], claims: ["plan": "iron", "tenant": "x", "scope": "reader"])

    /// The status for nobody, the admin, the editor (by two factors) and the one that is banned.
    static let table: [(path: String, statuses: [Int])] = [
        ("/open", [200, 200, 200, 200]),
        ("/open/mine", [401, 200, 200, 200]),
        ("/open/users", [401, 200, 200, 200]),
        ("/open/admins", [401, 200, 403, 403]),
        ("/open/staff", [401, 403, 200, 403]),
        ("/open/staff?luck", [401, 200, 200, 200]),
        ("/open/unbanned", [401, 200, 200, 403]),
        ("/open/paid", [401, 403, 200, 403]),
        ("/open/scoped", [401, 403, 200, 403]),
        ("/open/items/2", [401, 403, 200, 403]),
        ("/open/items/two", [401, 400, 400, 400]),
        ("/open/asked", [401, 200, 403, 403]),
        ("/closed", [401, 200, 403, 403]),
        ("/closed/news", [200, 200, 200, 200]),
        ("/closed/both", [401, 403, 403, 403]),
        ("/lobby", [200, 200, 200, 200]),
        ("/lobby/room", [401, 200, 200, 200]),
        ("/plain", [200, 200, 200, 200]),
        ("/nothing", [404, 404, 404, 404]),
    ]

    @Test(arguments: [Transport.inProcess, .loopback])
    func whoMayDoWhat(over transport: Transport) async throws {
        let host = try host(over: transport)
        let clients = [
            host.client(), try await host.client(as: Self.admin),
            try await host.client(as: Self.editor, methods: ["pwd", "mfa"]), try await host.client(as: Self.banned),
        ]
        for row in Self.table {
            for (client, status) in zip(clients, row.statuses) {
                #expect(try await client.get(row.path).status.code == status, "\(row.path)")
            }
        }
    }

    @Test func aFallbackClosesWhatSaysNothing() async throws {
        let host = try host(fallback: .authenticated)
        let nobody = host.client()
        let expected = [
            "/plain": 401, "/open": 401, "/closed/news": 200, "/lobby": 200, "/lobby/room": 401, "/nothing": 404,
        ]
        for (path, status) in expected { #expect(try await nobody.get(path).status.code == status, "\(path)") }
        #expect(try await host.client(as: Self.banned).get("/plain").status == .ok)
    }

    @Test func theUserIsTheRequests() async throws {
        let host = try host()
        #expect(try await host.client(as: Self.admin).get("/open").text == "Ada")
        #expect(try await host.client(as: Self.editor).get("/open/mine").text == "2")
        #expect(try await host.client().get("/open").text == "nobody")
    }

    @Test func routesSayWhoMayCallThem() throws {
        #expect(
            try host().routeTable == """
                GET  /closed               Closed@index   [role admin]
                GET  /closed/both          Closed@both    [role admin and claim tenant]
                GET  /closed/news          Closed@news    [everyone]
                GET  /lobby                Lobby@index    [everyone]
                GET  /lobby/room           Lobby@room     [any user]
                GET  /open                 Open@index     [everyone]
                GET  /open/admins          Open@admins    [role admin or owner]
                GET  /open/asked           Open@asked     [everyone]
                GET  /open/items/{number}  Open@item      [owner of {number}]
                GET  /open/mine            Open@mine      [any user]
                GET  /open/paid            Open@paid      [claim plan gold or silver]
                GET  /open/scoped          Open@scoped    [scope read]
                GET  /open/staff           Open@staff     [(role editor or admin and by mfa) or lucky]
                GET  /open/unbanned        Open@unbanned  [not role banned]
                GET  /open/users           Open@users     [any user]
                GET  /plain                Plain@index    [everyone]
                """)
    }

    @Test func whatIsMountedIsForWhomTheAppSays() async throws {
        let host = try TestHost(
            controllers: PlainController.self, middleware: Sessions(.memory), Authentication(.session)
        ) { app in
            app.mount(ClosedController.self, at: "/operators", authorize: .role("operator"))
        }
        // Neither what the controller opens nor what it asks for is all.
        #expect(try await host.client().get("/operators/news").status == .unauthorized)
        #expect(try await host.client(as: Self.admin).get("/operators").status == .forbidden)
        let both = User(id: "4", roles: ["admin", "operator"])
        #expect(try await host.client(as: both).get("/operators").text == "closed")
    }

    @Test func nothingStartsWithoutAnyoneWhoAsks() {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: ClosedController.self) }
        #expect(
            error?.description.contains(
                "is for role admin, but nothing finds out who asks: add app.use(Authentication(…))")
                == true)
        let other = #expect(throws: StartupError.self) {
            try TestHost(controllers: PlainController.self) { $0.authorization.fallback = .authenticated }
        }
        #expect(other?.description.contains("Plain@index") == true)
    }

    @Test func aPolicyThatReadsNoPlaceOfThePathEndsTheStart() {
        let error = #expect(throws: StartupError.self) {
            try TestHost(
                controllers: MisplacedController.self, middleware: Sessions(.memory), Authentication(.session))
        }
        #expect(error?.description.contains("reads {number}, which is not in /misplaced") == true)
    }

    @Test func policiesCombine() async throws {
        typealias Policy = AuthorizationPolicy
        let yes = Policy("yes") { _, _ in true }
        let no = Policy("no", waiting: { _, _ in false })
        let table: [(Policy, forUser: Bool, forNobody: Bool, String)] = [
            (.everyone, true, true, "everyone"),
            (yes && yes, true, false, "yes and yes"),
            (yes && no, false, false, "yes and no"),
            (yes || no, true, false, "yes or no"),
            (no || no, false, false, "no or no"),
            (!yes, false, false, "not yes"),
            (!no, true, false, "not no"),
            (.everyone && yes, true, false, "everyone and yes"),
            (.everyone || no, true, true, "everyone or no"),
            (!.everyone, false, false, "not everyone"),
            (.any(no, .all(yes, yes)), true, false, "no or (yes and yes)"),
            (.all(yes), true, false, "yes"),
        ]
        let host = try TestHost(
            controllers: PolicyController.self, services: Policies(table.map(\.0)),
            middleware: Sessions(.memory), Authentication(.session))
        let user = try await host.client(as: Self.admin)
        for (index, row) in table.enumerated() {
            #expect(row.0.description == row.3)
            #expect(
                try await user.get("/policy/\(index)").status == (row.forUser ? .noContent : .forbidden), "\(row.3)")
            #expect(
                try await host.client().get("/policy/\(index)").status == (row.forNobody ? .noContent : .unauthorized),
                "\(row.3)")
        }
    }
}

private struct Policies: Sendable {
    let all: [AuthorizationPolicy]
    init(_ all: [AuthorizationPolicy]) { self.all = all }
}

@Controller("policy")
private struct PolicyController {
    let policies: Policies
    @GET("{index}") func one(index: Int, _ ctx: Context) async throws { try await ctx.authorize(policies.all[index]) }
}

@Controller("misplaced")
private struct MisplacedController {
    @Authorize(policy: .owner(of: "number") { (_, _: Int, _) in true }) func index() -> String { "" }
}
