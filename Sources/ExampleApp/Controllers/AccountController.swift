import Martlet
import MartletIdentity

/// Signing in and out, as JSON for programs and as pages for people.
@Controller
struct AccountController {
    let members: Members

    struct Profile: Encodable {
        let userId: String
        let username: String
        enum CodingKeys: String, CodingKey { case userId = "user_id", username }
    }

    /// GET /account
    func index(_ user: User, _ ctx: Context) async throws -> Response {
        try await AccountPage(user, ctx).response(ctx)
    }

    /// GET /account/profile
    func profile(_ user: User) -> Envelope { .ok(data: Profile(user)) }

    // MARK: - Coming in

    /// GET /account/login
    @GET("login") func signInPage(_ ctx: Context) -> Response {
        SignInPage(form: Form(["return_to": ctx.returnTarget]), takesGuests: members.takesGuests).response(ctx)
    }

    /// GET /account/register
    @GET("register") func registerPage(_ ctx: Context) -> Response { RegisterPage(form: Form()).response(ctx) }

    /// POST /account/login, with a password, or in the demo without
    @POST func login(form: Form<Credentials>, _ ctx: Context) async throws -> Response {
        let page = SignInPage(form: form, takesGuests: members.takesGuests)
        return try await ctx.answer(page, then: ctx.returnTarget(from: form["return_to"])) {
            let credentials = try form.valid
            if let password = credentials.password, !password.isEmpty {
                try await members.signIn(credentials.userId, password: password, ctx)
            } else {
                try await members.signInGuest(credentials.userId, name: try credentials.guestName, ctx)
            }
            return .ok("已登录", data: ctx.user.map(Profile.init))
        }
    }

    /// POST /account/register
    @POST func register(form: Form<Registration>, _ ctx: Context) async throws -> Response {
        try await ctx.answer(RegisterPage(form: form), then: Self.links.index()) {
            let registration = try form.valid
            try await members.register(
                registration.userId, name: registration.username, password: registration.password, ctx)
            return .ok("已注册", data: ctx.user.map(Profile.init))
        }
    }

    // MARK: - Going out

    /// POST /account/logout
    @POST func logout(_ ctx: Context) async throws -> Response {
        try await ctx.answer(then: Self.links.signInPage()) {
            try await members.accounts.signOut(ctx)
            return .ok("已退出")
        }
    }

    /// POST /account/sign-out-everywhere
    @Authorize(policy: .scheme("session"))
    @POST func signOutEverywhere(_ user: User, _ ctx: Context) async throws -> Response {
        try await ctx.answer(then: Self.links.signInPage()) {
            let count = try await members.accounts.signOutEverywhere(user.id, ctx)
            return .ok("已退出所有设备", data: ["count": count])
        }
    }

    // MARK: - Changing

    /// POST /account/password, which ends the user's other sessions
    @Authorize(policy: .scheme("session"))
    @POST func password(form: Form<PasswordChange>, _ user: User, _ ctx: Context) async throws -> Response {
        let page = try await AccountPage(user, ctx)
        return try await ctx.answer(page, then: Self.links.index()) {
            let change = try form.valid
            try await members.changePassword(of: user, from: change.password, to: change.newPassword, ctx)
            return .ok("密码已修改，其他设备已退出")
        }
    }
}

extension AccountController.Profile {
    init(_ user: User) { self.init(userId: user.id, username: user.displayName) }
}
