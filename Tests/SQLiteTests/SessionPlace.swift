import Foundation
import Martlet
import MartletMiddleware
import MartletSQLite
import MartletTesting

/// The stores that come with Martlet.
enum StoreKind: CaseIterable, Sendable {
    case memory, files, sqlite

    /// Those whose sessions outlive the process.
    static let durable: [StoreKind] = [.files, .sqlite]
}

/// Where the sessions of one test are, in memory or on disk. To open it again is what a restart does.
final class SessionPlace: Sendable {
    let kind: StoreKind
    let folder: TemporaryFolder
    /// Has the folder with it, which so lives as long as a host of it.
    let gate: VisitGate
    private let memory: MemorySessionStore
    let maxSessions: Int

    init(_ kind: StoreKind, maxSessions: Int = 1000) throws {
        self.kind = kind
        self.maxSessions = maxSessions
        folder = try TemporaryFolder()
        gate = VisitGate(folder)
        memory = MemorySessionStore(maxSessions: maxSessions)
    }

    func open() throws -> any SessionStore {
        switch kind {
        case .memory: memory
        case .files: try FileSessionStore(folder.path("sessions"), maxSessions: maxSessions)
        case .sqlite:
            try SQLiteSessionStore(folder.path("sessions.db"), busyTimeout: .seconds(20), maxSessions: maxSessions)
        }
    }

    func sessions(idleTime: Duration = .seconds(600), lifetime: Duration = .seconds(3600)) throws -> Sessions {
        func sessions(_ store: some SessionStore) -> Sessions {
            Sessions(store, idleTime: idleTime, lifetime: lifetime)
        }
        return sessions(try open())
    }

    func host(_ sessions: Sessions? = nil) throws -> TestHost {
        let sessions = try sessions ?? self.sessions()
        return try TestHost(controllers: VisitController.self, services: gate, middleware: sessions) { app in
            // So that hours pass in one step.
            app.limits.heartbeat = .seconds(1_000_000)
        }
    }
}

@Controller struct VisitController {
    let gate: VisitGate

    @POST func write(key: String, value: String?, _ ctx: Context) { ctx.session[key] = value }
    @GET func read(key: String, _ ctx: Context) -> String { ctx.session[key] ?? "-" }
    @GET func all(_ ctx: Context) -> [String: String] {
        Dictionary(ctx.session.keys.map { ($0, ctx.session[$0] ?? "-") }, uniquingKeysWith: { $1 })
    }
    @GET func user(_ ctx: Context) -> String { ctx.session.user ?? "nobody" }
    @GET func handle(_ ctx: Context) -> String { ctx.session.handle.text }
    @GET func ends(_ ctx: Context) -> String { "\(ctx.session.expiresAt?.timeIntervalSince(ctx.now) ?? -1)" }
    @POST func signIn(user: String, _ ctx: Context) { ctx.session.user = user }
    @POST func signOut(_ ctx: Context) { ctx.session.destroy() }
    @POST func renew(_ ctx: Context) { ctx.session.renew() }
    @GET func list(_ ctx: Context) async throws -> [String] {
        guard let user = ctx.session.user else { return [] }
        return try await ctx.sessions.all(of: user).map { "\($0.device ?? "-") \($0.address ?? "-")" }
    }
    @POST func end(handle: SessionHandle, _ ctx: Context) async throws -> Bool {
        guard let user = ctx.session.user else { return false }
        return try await ctx.sessions.end(handle, of: user)
    }
    @POST func endOthers(_ ctx: Context) async throws -> Int {
        guard let user = ctx.session.user else { return 0 }
        return try await ctx.sessions.endAll(of: user, except: ctx.session.handle)
    }

    /// Does something between the load and the save of another request.
    @POST func slow(key: String?, value: String?, user: String?, renews: Bool = false, _ ctx: Context) async {
        if let key { ctx.session[key] = value }
        if let user { ctx.session.user = user }
        if renews { ctx.session.renew() }
        await gate.pass()
    }
}

/// Holds requests up until the test lets them go on.
actor VisitGate {
    private let folder: TemporaryFolder
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var arrivals: [CheckedContinuation<Void, Never>] = []

    init(_ folder: TemporaryFolder) { self.folder = folder }

    func pass() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            for arrival in arrivals { arrival.resume() }
            arrivals = []
        }
    }

    /// Returns when that many requests are held up.
    func holds(_ count: Int) async {
        while waiting.count < count { await withCheckedContinuation { arrivals.append($0) } }
    }

    /// Lets the oldest go on.
    func open() { waiting.removeFirst().resume() }
}
