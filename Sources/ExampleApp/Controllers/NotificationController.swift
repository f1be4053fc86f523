import Martlet

/// The page's 广播消息: to everyone, or to one user.
@Controller
struct NotificationController {
    /// POST /notification/broadcast
    @POST func broadcast(message: String, _ ctx: Context) throws -> Envelope {
        try ctx.sse.post(event: "notification", data: message, to: .everyone)
        return .ok("已广播")
    }

    /// POST /notification/send-to-user
    @POST func sendToUser(userId: String, message: String, _ ctx: Context) throws -> Envelope {
        // Who is told that nobody is there must not have it delivered later.
        guard ctx.sse.isConnected(user: userId) else { return .failed("用户不在线") }
        try ctx.sse.post(event: "private", data: message, to: .user(userId))
        return .ok("已发送")
    }
}
