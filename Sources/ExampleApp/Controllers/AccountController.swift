import Martlet

/// The session that the chat needs.
@Controller
struct AccountController {
    struct Profile: Encodable {
        let userId: String
        let username: String
        enum CodingKeys: String, CodingKey { case userId = "user_id", username }
    }

    /// POST /account/login
    @POST func login(
        @Valid(.length(1...)) userId: String, @Valid(.length(1...)) username: String, _ ctx: Context
    ) -> Envelope {
        ctx.session.renew()
        ctx.session["user_id"] = userId
        ctx.session["username"] = username
        return .ok("已登录", data: Profile(userId: userId, username: username))
    }

    /// POST /account/logout
    @POST func logout(_ ctx: Context) -> Envelope {
        // Streams outlive the session that they were opened with.
        if let user = ctx.session["user_id"] { for client in ctx.sse.clients(of: user) { client.close() } }
        ctx.session.destroy()
        return .ok("已退出")
    }

    /// GET /account/profile
    func profile(_ user: LoggedInUser) -> Envelope {
        .ok(data: Profile(userId: user.id, username: user.name))
    }
}

/// Whoever has a session, as a parameter of an action.
struct LoggedInUser: ContextValue {
    let id: String
    let name: String

    /// - Throws: 401 without a session.
    static func make(from ctx: Context) throws -> LoggedInUser {
        guard let id = ctx.session["user_id"], let name = ctx.session["username"] else {
            throw HTTPError(.unauthorized, "请先登录")
        }
        return LoggedInUser(id: id, name: name)
    }
}
