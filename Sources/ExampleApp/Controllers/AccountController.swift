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
    func profile(_ ctx: Context) throws -> Envelope {
        let user = try ctx.loggedInUser
        return .ok(data: Profile(userId: user.id, username: user.name))
    }
}

extension Context {
    /// - Throws: 401 without a session.
    var loggedInUser: (id: String, name: String) {
        get throws {
            guard let id = session["user_id"], let name = session["username"] else {
                throw HTTPError(.unauthorized, "请先登录")
            }
            return (id, name)
        }
    }
}
