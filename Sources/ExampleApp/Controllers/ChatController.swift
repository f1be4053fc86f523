import Martlet

/// The page's 完整聊天示例.
@Controller
struct ChatController {
    let rooms: ChatRooms

    private struct Line: Encodable {
        let user: String
        let msg: String
    }

    /// GET /chat/stream, field `history`: how many of the last events come before the welcome
    func stream(history: Int = 0, _ user: User, _ ctx: Context) -> EventStream {
        ctx.sse.open(user: user.id, replay: history > 0 ? .last(history) : .none) { [rooms] client in
            rooms.register(user.id, username: user.displayName)
            try client.send(event: "system", data: ["msg": "欢迎 \(user.displayName) 加入聊天室"])
        } onClose: { [rooms] _ in
            rooms.unregister(user.id)
        }
    }

    /// POST /chat/send, answered when the message is kept
    @POST func send(message: String, _ user: User, _ ctx: Context) async throws -> Envelope {
        try await ctx.sse.publish(event: "message", data: Line(user: user.displayName, msg: message), to: .everyone)
        return .ok("已发送")
    }

    /// GET /chat/members
    func members(_ user: User) -> Envelope {
        .ok(data: rooms.usernames, count: rooms.usernames.count)
    }
}
