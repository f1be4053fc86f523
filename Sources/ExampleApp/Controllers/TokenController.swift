import Martlet
import MartletIdentity

/// For programs: a token in place of the cookie. Only a session gets one, so that no token makes the next.
@Authorize(policy: .scheme("session"))
@Controller("account/token")
struct TokenController {
    let tokens: AccountTokens

    /// As RFC 6749 section 5.1 names them.
    private struct Grant: Encodable {
        let accessToken: String
        let tokenType = "Bearer"
        let expiresIn: Int
        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token", tokenType = "token_type", expiresIn = "expires_in"
        }
    }

    /// GET /account/token
    func index(_ user: User, _ ctx: Context) async throws -> Response {
        let token = try await tokens.issuer.token(for: user, now: ctx.now)
        ctx.record(AuditEvent(.tokenCreated, user: user.id))
        let grant = Grant(accessToken: token, expiresIn: Int(tokens.issuer.lifetime / .seconds(1)))
        var response = try Envelope.ok(data: grant).response(for: ctx)
        response.headers[.cacheControl] = "no-store"
        return response
    }
}
