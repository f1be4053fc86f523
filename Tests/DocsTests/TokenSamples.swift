import Foundation
import Martlet
import MartletIdentity
import MartletJWT
import MartletTesting
import Testing

// The samples of Docs/tokens.md.

struct StockApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let keys = try JWKSFile("/etc/stock/keys.json")
        app.use(Authentication(.jwt(keys, issuer: "https://id.example.com", audience: "stock")))
        app.controllers(StockController.self)
    }
}

@Controller("stock")
@Authorize
struct StockController {
    func index(_ user: User) -> String { "\(user.name ?? user.id) may look" }
    @Authorize(policy: .scope("stock:write"))
    @POST func count(item: String, number: Int) {}
    /// Ends when the token does.
    @GET func changes(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["stock"]) }
}

func tokenKeys(pem: String, oldPEM: String, secret: String) throws -> JWTKeySet {
    try JWTKeySet(
        JWTKey(publicKey: pem, as: .es256, id: "2027"),
        JWTKey(publicKey: oldPEM, as: .rs256, id: "2026"),
        JWTKey(secret: secret, as: .hs256))
}

struct TenantApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let key = JWTKey.temporary()
        let scheme = JWTScheme(key, issuer: "https://id.example.com", audience: "stock") { claims, ctx in
            var user = claims.user
            // Whatever the token says: who is an admin here is this app's affair.
            user.roles = try await ctx.services.resolve(Staff.self).roles(of: claims.subject, in: claims["tenant"])
            return user
        }
        app.use(Authentication(scheme))
        app.services.singleton { _ in Staff() }
        app.controllers(StockController.self)
    }
}

actor Staff {
    func roles(of id: User.ID, in tenant: String?) -> Set<String> { tenant == "ulm" ? ["admin"] : [] }
}

@Controller("tokens")
struct TokensController {
    let issuer: JWTIssuer
    let revocations: TokenRevocations

    /// POST /tokens
    @Authorize(policy: .scheme("session"))
    func create(_ user: User, _ ctx: Context) async throws -> String {
        try await issuer.token(for: user, scope: ["stock:read"], now: ctx.now)
    }

    /// POST /tokens/revoke: the token that the request came with, and its streams.
    @Authorize(policy: .scheme("jwt"))
    @POST func revoke(_ ctx: Context) throws { try revocations.revokeToken(of: ctx) }
}

struct IssuingApp: App {
    func configure(_ app: inout AppBuilder) throws {
        // JWTKey(secret: …) where tokens are to outlive the process.
        let key = JWTKey.temporary()
        let name = "https://shop.example.com"
        let issuer = try JWTIssuer(key: key, issuer: name, audience: "shop", lifetime: .seconds(10 * 60))
        let revocations = TokenRevocations()
        app.services.singleton { _ in issuer }
        app.services.singleton { _ in revocations }
        app.use(
            Sessions(.memory),
            Authentication(.session, .jwt(key, issuer: name, audience: "shop", revocations: revocations)))
        app.controllers(TokensController.self, StockController.self)
    }
}

struct KeysApp: App {
    func configure(_ app: inout AppBuilder) {
        let keys = MemoryAPIKeyStore()
        app.services.singleton { _ in keys }
        app.use(Sessions(.memory), Authentication(.session, .apiKeys(keys)))
        app.controllers(KeysController.self, StockController.self)
    }
}

@Controller("keys")
@Authorize(policy: .scheme("session"))
struct KeysController {
    let keys: MemoryAPIKeyStore

    /// POST /keys: the only time that anybody sees the key.
    func create(name: String, _ user: User, _ ctx: Context) throws -> String {
        let key = try APIKey(prefix: "stock")
        try keys.add(
            StoredAPIKey(
                id: key.hint, hash: key.hash, user: user.id, name: name, scopes: ["stock:write"], createdAt: ctx.now))
        return key.text
    }

    /// GET /keys
    func index(_ user: User) -> [String] { keys.keys(of: user.id).map { "\($0.id)… \($0.name ?? "")" } }

    /// DELETE /keys/{id}
    func delete(id: String, _ user: User, _ ctx: Context) async throws {
        guard keys.keys(of: user.id).contains(where: { $0.id == id }) else { throw HTTPError(.notFound) }
        try await keys.revoke(id, ctx)
    }
}

@Suite struct TokenSampleTests {
    @Test func theKeyFileIsReadAtTheStart() {
        let error = #expect(throws: StartupError.self) { try TestHost(StockApp()) }
        #expect(error?.description.contains("/etc/stock/keys.json") == true)
    }

    @Test func tokensAreIssuedTakenAndTakenBack() async throws {
        let host = try TestHost(IssuingApp())
        let session = try await host.client(as: User(id: "7", name: "Eva"))
        let token = try await session.post("/tokens").text
        let client = host.client(bearer: token)
        #expect(try await client.get("/stock").text == "Eva may look")
        #expect(try await client.post("/stock/count", form: ["item": "a", "number": "1"]).status == .forbidden)
        #expect(try await client.post("/tokens").status == .forbidden)
        let stream = try await client.stream("/stock/changes")
        #expect(try await client.post("/tokens/revoke").status == .noContent)
        #expect(await stream.hasEnded)
        #expect(try await client.get("/stock").status == .unauthorized)
        #expect(try await session.get("/stock").status == .ok)
        let other = try await session.post("/tokens").text
        await host.advance(by: .seconds(631))
        #expect(try await host.client(bearer: other).get("/stock").status == .unauthorized)
    }

    @Test func theAppKnowsTheRoles() async throws {
        #expect(try await TestHost(TenantApp()).client().get("/stock").status == .unauthorized)
    }

    @Test func keysAreMadeUsedAndTakenBack() async throws {
        let host = try TestHost(KeysApp())
        let session = try await host.client(as: User(id: "7"))
        let key = try await session.post("/keys", form: ["name": "till"]).text
        let client = host.client(bearer: key)
        #expect(try await client.post("/stock/count", form: ["item": "a", "number": "1"]).status == .noContent)
        #expect(try await client.get("/keys").status == .forbidden)
        let id = String(key.prefix(10))
        #expect(try await session.get("/keys").json([String].self) == ["\(id)\u{2026} till"])
        #expect(try await session.delete("/keys/\(id)").status == .noContent)
        #expect(try await client.get("/stock").status == .unauthorized)
    }

    @Test func theClaimsAreRight() throws {
        #expect(throws: StartupError.self) { try tokenKeys(pem: "", oldPEM: "", secret: "") }
    }
}
