import Martlet

@Controller
struct LoungeController {
    /// GET /lounge/stream
    func stream(_ ctx: Context) throws -> EventStream {
        guard let user = ctx.session["user_id"] else { throw HTTPError(.unauthorized, "Sign in first.") }
        return ctx.sse.open(user: user) { client in
            try client.send(event: "system", data: "Hello, \(user)")
        }
    }

    /// POST /lounge/say, field `message`
    @POST func say(message: String, _ ctx: Context) throws -> Envelope {
        guard let user = ctx.session["user_id"] else { throw HTTPError(.unauthorized, "Sign in first.") }
        try ctx.sse.post(event: "message", data: ["user": user, "text": message], to: .everyone)
        return .ok("said")
    }
}

struct LoungeApp: App {
    func configure(_ app: inout AppBuilder) { app.use(Sessions(.memory)) }
}
