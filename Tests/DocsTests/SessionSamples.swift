import Martlet

// MARK: - Sessions

@Controller
struct LoginController {
    /// POST /login
    func create(userId: String, _ ctx: Context) -> Envelope {
        ctx.session.user = userId
        return .ok("welcome")
    }

    /// GET /login/who
    func who(_ ctx: Context) -> String { ctx.session.user ?? "nobody" }

    /// POST /login/out
    @POST func out(_ ctx: Context) { ctx.session.destroy() }
}

struct LoginApp: App {
    func configure(_ app: inout AppBuilder) {
        app.use(Sessions(.memory, idleTime: .seconds(3600), lifetime: .seconds(24 * 3600)))
        app.controllers(LoginController.self)
    }
}

struct FiledApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.use(Sessions(try FileSessionStore("/var/lib/shop/sessions")))
    }
}

@Controller
struct DevicesController {
    /// GET /devices
    func index(_ ctx: Context) async throws -> [SessionSummary] {
        guard let user = ctx.session.user else { throw HTTPError(.unauthorized, "Sign in first.") }
        return try await ctx.sessions.all(of: user)
    }

    /// POST /devices/end
    @POST func end(handle: SessionHandle, _ ctx: Context) async throws -> Envelope {
        guard let user = ctx.session.user else { throw HTTPError(.unauthorized, "Sign in first.") }
        guard try await ctx.sessions.end(handle, of: user) else { throw HTTPError(.notFound) }
        return .ok("signed out there")
    }

    /// POST /devices/end-others
    @POST func endOthers(_ ctx: Context) async throws -> Envelope {
        guard let user = ctx.session.user else { throw HTTPError(.unauthorized, "Sign in first.") }
        let count = try await ctx.sessions.endAll(of: user, except: ctx.session.handle)
        return .ok("signed out on \(count) other devices")
    }
}

// MARK: - Middleware

/// Tells how long each answer took.
struct Timing: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response {
        let start = ContinuousClock.now
        var response = try await next(ctx)
        let milliseconds = start.duration(to: .now) / .milliseconds(1)
        response.headers[.serverTiming] = "app;dur=\(milliseconds)"
        return response
    }
}

extension HTTPField.Name {
    // Not nil: it is a token.
    static let serverTiming = HTTPField.Name("Server-Timing")!
}

/// The same without waiting.
struct TimingAtOnce: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) -> Answer {
        let start = ContinuousClock.now
        return next.answer(ctx) { response in
            response.headers[.serverTiming] = "app;dur=\(start.duration(to: .now) / .milliseconds(1))"
        }
    }
}

/// Lets nobody in who has not signed in.
struct SignedInOnly: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response {
        guard let user = ctx.session.user else { throw HTTPError(.unauthorized, "Sign in first.") }
        ctx[SignedInUser.self] = user
        return try await next(ctx)
    }
}

/// What the middleware leaves for the actions.
enum SignedInUser: ContextKey {
    typealias Value = String
}

@Controller
struct AdminController {
    var middleware: [any Middleware] { [SignedInOnly()] }

    func index(_ ctx: Context) -> String { "hello, \(ctx[SignedInUser.self] ?? "")" }
}

struct AdminApp: App {
    func configure(_ app: inout AppBuilder) {
        app.use(Timing(), RequestLog(level: .debug), Compression(minimumBytes: 512), Sessions(.memory))
        app.controllers(LoginController.self, AdminController.self)
    }
}

extension SessionKey<[Int]> {
    static let basket = Self("basket")
}

@Controller
struct BagController {
    /// POST /bag
    func create(id: Int, _ ctx: Context) -> [Int] {
        ctx.session[.basket, default: []].append(id)
        return ctx.session[.basket] ?? []
    }
}

// MARK: - Settings

struct SettingsApp: App {
    func configure(_ app: inout AppBuilder) {
        app.limits.maxBodyBytes = 10 * 1024 * 1024
        app.limits.heartbeat = .seconds(30)

        app.json.keys = .snakeCase
        app.json.dates = .secondsSince1970
        app.json.prettyPrinting = .inDevelopment
        app.logger.logLevel = .debug
        app.controllers(LoginController.self)
    }
}
