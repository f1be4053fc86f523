import Foundation
import Martlet
import MartletIdentity

/// On which devices a user is signed in.
@Authorize(policy: .scheme("session"))
@Controller("account/sessions")
struct SessionController {
    let accounts: Accounts

    struct Entry: Encodable {
        let handle: SessionHandle
        let device: String?
        let address: String?
        let lastUse: Date
        let isCurrent: Bool
        enum CodingKeys: String, CodingKey { case handle, device, address, lastUse = "last_use", isCurrent = "current" }
    }

    /// GET /account/sessions
    func index(_ user: User, _ ctx: Context) async throws -> Envelope {
        let entries = try await Entry.all(of: user, ctx)
        return .ok(data: entries, count: entries.count)
    }

    /// POST /account/sessions/end
    @POST func end(handle: SessionHandle, _ user: User, _ ctx: Context) async throws -> Response {
        try await ctx.answer(then: AccountController.links.index()) {
            guard try await accounts.endSession(handle, of: user.id, ctx) else { return .failed("会话不存在") }
            if handle == ctx.session.handle { ctx.auth.signOut() }
            return .ok("会话已结束")
        }
    }
}

extension SessionController.Entry {
    /// The sessions of a user, the last used first.
    static func all(of user: User, _ ctx: Context) async throws -> [Self] {
        let current = ctx.session.handle
        return try await ctx.sessions.all(of: user.id).map { session in
            Self(
                handle: session.handle, device: session.device, address: session.address, lastUse: session.lastUse,
                isCurrent: session.handle == current)
        }
    }
}
