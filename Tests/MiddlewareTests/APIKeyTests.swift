import Foundation
import HTTPTypes
import Martlet
import MartletTesting
import Testing

@Controller("keyed")
private struct KeyedController {
    @Authorize func index(_ user: User) -> [String] {
        [
            user.id, user.roles.sorted().joined(separator: "+"), user.claims["scope"] ?? "-", user.proof?.scheme ?? "-",
        ]
    }
    @GET @Authorize(policy: .scope("orders")) func orders() -> String { "orders" }
    @Authorize func stream(_ ctx: Context) -> EventStream { ctx.sse.open() }
    @POST func revoke(id: String, keys: MemoryAPIKeyStore, _ ctx: Context) async throws -> String {
        "\(try await keys.revoke(id, ctx))"
    }
}

@Suite struct APIKeyTests {
    private let keys = MemoryAPIKeyStore()
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// Stands in for SHA-256, which this target does not have.
    @Sendable private static func hash(_ key: String) -> String? {
        key.hasPrefix("shop_") ? String(key.utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) }, radix: 16) : nil
    }

    private func add(
        _ text: String, user: String = "7", scopes: [String] = [], expiresAt: Date? = nil
    ) throws {
        try keys.add(
            StoredAPIKey(
                id: String(text.prefix(9)), hash: Self.hash(text) ?? "", user: user, scopes: scopes,
                createdAt: Self.start, expiresAt: expiresAt))
    }

    private func host(_ others: (any AuthenticationScheme)? = nil, user: APIKeyScheme.UserLookup? = nil) throws
        -> TestHost
    {
        let scheme = APIKeyScheme.apiKeys(keys, hash: Self.hash, user: user)
        return try TestHost(
            controllers: KeyedController.self, services: keys,
            middleware: others.map { Authentication($0, scheme) } ?? Authentication(scheme))
    }

    private func fields(_ pairs: KeyValuePairs<String, String>) throws -> HTTPFields {
        var fields: HTTPFields = [:]
        for (name, value) in pairs { fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        return fields
    }

    @Test func aKeyIsReadWhereverItStandsAndOnce() async throws {
        try add("shop_abcd-secret")
        let host = try host()
        let rows: [(fields: KeyValuePairs<String, String>, isTaken: Bool)] = [
            (["Authorization": "Bearer shop_abcd-secret"], true),
            (["authorization": "bearer  shop_abcd-secret"], true),
            (["X-API-Key": "shop_abcd-secret"], true),
            (["x-api-key": "shop_abcd-secret"], true),
            ([:], false),
            (["X-API-Key": ""], false),
            (["X-API-Key": "shop_abcd-secre"], false),
            (["X-API-Key": "SHOP_abcd-secret"], false),
            (["X-API-Key": "shop_abcd-secret shop_abcd-secret"], false),
            (["X-API-Key": "shop_" + String(repeating: "a", count: 600)], false),
            (["Authorization": "Basic shop_abcd-secret"], false),
            (["Authorization": "shop_abcd-secret"], false),
            // Of two, nobody can say which counts.
            (["X-API-Key": "shop_abcd-secret", "x-api-key": "shop_abcd-secret"], false),
            (["X-API-Key": "shop_abcd-secret", "Authorization": "Bearer shop_abcd-secret"], false),
            (["Authorization": "Bearer shop_abcd-secret", "authorization": "Bearer shop_abcd-secret"], false),
        ]
        for row in rows {
            let answer = try await host.client(headers: try fields(row.fields)).get("/keyed")
            #expect(answer.status == (row.isTaken ? .ok : .unauthorized), "\(row.fields)")
        }
        // Nowhere else: what stands in a URL stands in logs.
        #expect(try await host.client().get("/keyed?api_key=shop_abcd-secret").status == .unauthorized)
    }

    @Test func whatIsKnownOfTheUserIsTheKeysOrTheApps() async throws {
        try add("shop_abcd-secret", scopes: ["orders", "read"])
        try add("shop_gone-secret", user: "gone")
        let plain = try host().client(headers: try fields(["X-API-Key": "shop_abcd-secret"]))
        #expect(try await plain.get("/keyed").json([String].self) == ["7", "", "orders read", "api-key"])
        #expect(try await plain.get("/keyed/orders").status == .ok)
        let looked = try host { key, _ in
            key.userID == "gone" ? nil : User(id: key.userID, roles: ["admin"], claims: ["scope": "everything"])
        }
        let client = looked.client(headers: try fields(["X-API-Key": "shop_abcd-secret"]))
        #expect(try await client.get("/keyed").json([String].self) == ["7", "admin", "orders read", "api-key"])
        let gone = looked.client(headers: try fields(["X-API-Key": "shop_gone-secret"]))
        #expect(try await gone.get("/keyed").status == .unauthorized)
    }

    @Test func aKeyWithoutAScopeMayNothingThatAsksForOne() async throws {
        try add("shop_abcd-secret")
        let client = try host().client(bearer: "shop_abcd-secret")
        #expect(try await client.get("/keyed/orders").status == .forbidden)
    }

    @Test func anotherSchemesTokenIsLeftToIt() async throws {
        try add("shop_abcd-secret")
        let bearer = BearerScheme(immediate: { token, _ in token == "other" ? .user(User(id: "b")) : .none })
        let host = try host(bearer)
        for (token, user) in [("other", "b"), ("shop_abcd-secret", "7")] {
            #expect(try await host.client(bearer: token).get("/keyed").json([String].self).first == user)
        }
    }

    @Test func whoIsRefusedIsToldWhy() async throws {
        try add("shop_abcd-secret", expiresAt: Self.start.addingTimeInterval(60))
        let host = try host()
        let client = host.client(headers: try fields(["X-API-Key": "shop_abcd-secret"]))
        #expect(try await client.get("/keyed").status == .ok)
        let stream = try await client.stream("/keyed/stream")
        await host.advance(by: .seconds(61))
        #expect(await stream.hasEnded)
        #expect(
            try await client.get("/keyed").headers[.wwwAuthenticate]
                == "Bearer error=\"invalid_token\", error_description=\"The key has expired.\"")
        #expect(try await host.client().get("/keyed").headers[.wwwAuthenticate] == "Bearer")
    }

    @Test func theLastUseIsNotedOnceAMinute() async throws {
        try add("shop_abcd-secret")
        let host = try host()
        let client = host.client(bearer: "shop_abcd-secret")
        func lastUse() -> Double? {
            keys.keys(of: "7").first?.lastUse.map { $0.timeIntervalSince(Self.start) }
        }
        #expect(lastUse() == nil)
        for (wait, noted) in [(0, 0.0), (30, 0), (29, 0), (1, 60), (59, 60), (3600, 3719)] {
            await host.advance(by: .seconds(wait))
            #expect(try await client.get("/keyed").status == .ok)
            #expect(lastUse() == noted)
        }
        #expect(try await host.client(bearer: "shop_abcd-wrong").get("/keyed").status == .unauthorized)
    }

    @Test func aKeyIsTakenBackWithItsStreams() async throws {
        try add("shop_abcd-secret")
        try add("shop_efgh-secret")
        let host = try host()
        let stream = try await host.client(bearer: "shop_abcd-secret").stream("/keyed/stream")
        let stays = try await host.client(bearer: "shop_efgh-secret").stream("/keyed/stream")
        #expect(try await host.client().post("/keyed/revoke", form: ["id": "shop_abcd"]).text == "true")
        #expect(await stream.hasEnded)
        #expect(await !stays.hasEnded)
        #expect(try await host.client(bearer: "shop_abcd-secret").get("/keyed").status == .unauthorized)
        #expect(try await host.client().post("/keyed/revoke", form: ["id": "shop_abcd"]).text == "false")
        #expect(keys.keys(of: "7").map(\.id) == ["shop_efgh"])
    }

    @Test func aKeyInMemoryIsFoundWithoutATask() async throws {
        try add("shop_abcd-secret", scopes: ["orders"])
        let application = try host().application
        let loop = application.executors[0].eventLoop
        for text in ["shop_abcd-secret", "shop_unknown", "opaque"] {
            let isNow = try await loop.submit {
                let ctx = application.context(
                    request: Request(
                        method: .get, target: "/keyed/orders", headers: [.authorization: "Bearer \(text)"], body: .empty
                    ),
                    client: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1), eventLoop: loop)
                return if case .now = application.answer(ctx) { true } else { false }
            }.get()
            #expect(isNow)
        }
    }

    @Test func keysThatShowTheSameAreNotTwo() throws {
        try add("shop_abcd-secret")
        #expect(throws: APIKeyTaken.self) { try add("shop_abcd-other") }
        #expect(throws: APIKeyTaken.self) { try add("shop_abcd-secret") }
        #expect(keys.remove("shop_abcd"))
        try add("shop_abcd-other")
    }

    /// A store that waits, finds by less than the hash, and cannot write.
    private struct SloppyStore: APIKeyStore {
        let key: StoredAPIKey
        struct Full: Error {}
        func find(hash: String) async throws -> StoredAPIKey? { key }
        func noteUse(of id: StoredAPIKey.ID, at time: Date) async throws { throw Full() }
        func add(_ key: StoredAPIKey) async throws { throw Full() }
        func remove(_ id: StoredAPIKey.ID) async throws -> Bool { throw Full() }
        func keys(of user: User.ID) async throws -> [StoredAPIKey] { [key] }
    }

    @Test func aStoreThatIsNotStrictLetsNobodyIn() async throws {
        let key = StoredAPIKey(
            id: "shop_abcd", hash: try #require(Self.hash("shop_abcd-secret")), user: "7", createdAt: Self.start)
        let host = try TestHost(
            controllers: KeyedController.self, services: keys,
            middleware: Authentication(.apiKeys(SloppyStore(key: key), hash: Self.hash)))
        #expect(try await host.client(bearer: "shop_other-secret").get("/keyed").status == .unauthorized)
        // The key is good, even where its use cannot be noted.
        #expect(try await host.client(bearer: "shop_abcd-secret").get("/keyed").status == .ok)
        #expect(host.log.contains { $0.message.contains("could not be noted") })
    }
}
