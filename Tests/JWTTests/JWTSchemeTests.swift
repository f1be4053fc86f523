import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletJWT

@Suite struct JWTSchemeTests {
    private typealias Seen = TokenController.Seen

    private func seen(_ host: TestHost, _ token: String) async throws -> Seen {
        try await host.client(bearer: token).get("/token").json(Seen.self)
    }

    @Test func claimsBecomeTheUsers() async throws {
        let host = try TestHost.taking(try Forge.key())
        let rows: [(token: KeyValuePairs<String, String?>, name: String?, roles: [String], claims: [String: String])] =
            [
                ([:], nil, [], [:]),
                (["name": "\"N\"", "roles": "[\"b\",\"a\",\"a\"]"], "N", ["a", "b"], [:]),
                // One role, whatever is in it.
                (["roles": "\"site admin\""], nil, ["site admin"], [:]),
                (["roles": "[1]"], nil, [], [:]),
                (["roles": "{\"admin\":true}", "name": "7"], nil, [], [:]),
                (["scope": "\"a b\""], nil, [], ["scope": "a b"]),
                (["scope": "[\"a\",\"b\"]"], nil, [], ["scope": "a b"]),
                (["scope": "7"], nil, [], [:]),
                (
                    ["n": "1.50", "t": "true", "z": "null", "o": "{ \"a\" : [1] }", "s": "\"\\u00e9\\n\""], nil, [],
                    ["n": "1.50", "t": "true", "z": "null", "o": "{ \"a\" : [1] }", "s": "\u{e9}\n"]
                ),
            ]
        for row in rows {
            let user = try await seen(host, try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(row.token)))
            #expect(user.name == row.name)
            #expect(user.roles == row.roles)
            #expect(user.claims == row.claims.merging(["iss": Forge.issuer]) { $1 })
        }
        let claims = Forge.claims(["amr": "[\"pwd\",\"otp\"]"])
        let proved = try await seen(host, try await Forge.token(#"{"alg":"HS256"}"#, claims))
        #expect(proved.scheme == "jwt" && proved.methods == ["pwd", "otp"])
        #expect(proved.time == 1_800_000_000 && proved.expiresAt == 1_800_000_600)
    }

    @Test func scopesAreAskedByPolicies() async throws {
        let host = try TestHost.taking(try Forge.key())
        for (scope, status) in [("\"read write\"", 200), ("[\"write\"]", 200), ("\"read\"", 403), ("\"writer\"", 403)] {
            let token = try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["scope": scope]))
            #expect(try await host.client(bearer: token).get("/token/write").status.code == status)
        }
    }

    @Test func theAppMayLookTheUserUp() async throws {
        let host = try TestHost.taking(try Forge.key()) { claims, _ in
            guard claims.subject != "gone" else { return nil }
            guard claims["tenant"] == nil else { throw HTTPError(.serviceUnavailable, "Not now.") }
            var user = claims.user
            user.roles = ["looked-up"]
            user.proof = UserProof(scheme: "forged")
            return user
        }
        let user = try await seen(host, try await Forge.token())
        #expect(user.roles == ["looked-up"] && user.scheme == "jwt" && user.expiresAt == 1_800_000_600)
        let gone = try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["sub": "\"gone\""]))
        #expect(try await host.refusal(of: gone) == "Its subject is not known.")
        let failing = try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["tenant": "\"t\""]))
        #expect(try await host.client(bearer: failing).get("/token").status == .serviceUnavailable)
    }

    @Test func aStreamEndsWithItsToken() async throws {
        let host = try TestHost.taking(try Forge.key())
        let short = try await host.client(bearer: try await Forge.token()).stream("/token/stream")
        let claims = Forge.claims(["exp": "\(Forge.start + 3600)", "jti": "\"long\""])
        let long = try await host.client(bearer: try await Forge.token(#"{"alg":"HS256"}"#, claims))
            .stream("/token/stream")
        await host.advance(by: .seconds(599))
        #expect(await !short.hasEnded)
        await host.advance(by: .seconds(2))
        #expect(await short.hasEnded)
        #expect(await !long.hasEnded)
        #expect(host.application.sse.closeStreams(provedBy: .token("long")) == 1)
        #expect(await long.hasEnded)
    }

    @Test func aTokenIsTakenBack() async throws {
        let revocations = TokenRevocations()
        let host = try TestHost(
            controllers: TokenController.self, RevokeController.self, services: revocations,
            middleware: Authentication(
                .jwt(try Forge.key(), issuer: Forge.issuer, audience: "shop", revocations: revocations)))
        let (token, other) = (
            try await Forge.token(), try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["jti": "\"k\""]))
        )
        let stream = try await host.client(bearer: token).stream("/token/stream")
        let stays = try await host.client(bearer: other).stream("/token/stream")
        #expect(try await host.client(bearer: token).post("/revoke").text == "true")
        #expect(await stream.hasEnded)
        #expect(await !stays.hasEnded)
        #expect(try await host.refusal(of: token) == "It was taken back.")
        #expect(try await host.refusal(of: other) == nil)
        let nameless = try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["jti": nil]))
        #expect(try await host.refusal(of: nameless) == "It has no 'jti'.")
    }

    @Test func revocationsAreForgottenWithTheTokensAndNotBefore() throws {
        let revocations = TokenRevocations(capacity: 3)
        let start = Date(timeIntervalSince1970: 0)
        func at(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }
        for (index, end) in [10.0, 20, 30].enumerated() {
            try revocations.revoke("\(index)", expiresAt: at(end), now: start)
        }
        #expect(throws: HTTPError.self) { try revocations.revoke("3", expiresAt: at(40), now: at(39)) }
        // What is known may be said again, and what has expired need not be known.
        try revocations.revoke("1", expiresAt: at(10), now: at(39))
        try revocations.revoke("3", expiresAt: at(5), now: at(39))
        #expect(revocations.isRevoked("0", at: at(39)))
        #expect(!revocations.isRevoked("0", at: at(40)))
        #expect(revocations.isRevoked("1", at: at(49)))
        try revocations.revoke("3", expiresAt: nil, now: at(41))
        #expect(revocations.count == 3)
        #expect(revocations.isRevoked("3", at: at(1e9)))
    }

    @Test func whatIsIssuedIsTaken() async throws {
        let user = User(
            id: "7", name: "J\u{f6}rg \"/\"", roles: ["b", "a"], claims: ["scope": "read write", "secret": "x"],
            proof: UserProof(scheme: "session", methods: ["pwd"]))
        var keys = try JWSAlgorithm.allCases.prefix(3).map { ($0, try Forge.key($0, id: "k"), nil as JWTKey?) }
        for (algorithm, name) in [
            (JWSAlgorithm.rs256, "rsa"), (.ps384, "rsa"), (.es256, "p256"), (.es384, "p384"), (.es512, "p521"),
            (.edDSA, "ed25519"),
        ] {
            let pem = (PyJWT.privateKeys[name] ?? "", PyJWT.publicKeys[name] ?? "")
            keys.append(
                (algorithm, try JWTKey(privateKey: pem.0, as: algorithm), try JWTKey(publicKey: pem.1, as: algorithm)))
        }
        for (algorithm, key, check) in keys {
            let host = try TestHost.taking(check ?? key)
            let issuer = try JWTIssuer(key: key, issuer: Forge.issuer, audience: "shop", lifetime: .seconds(60))
            let now = Date(timeIntervalSince1970: 1_800_000_000.75)
            let token = try await issuer.token(for: user, now: now)
            let seen = try await seen(host, token)
            #expect(
                seen
                    == Seen(
                        id: "7", name: user.name, roles: ["a", "b"],
                        claims: ["iss": Forge.issuer, "scope": "read write", "amr": #"["pwd"]"#], scheme: "jwt",
                        methods: ["pwd"], time: 1_800_000_000, expiresAt: 1_800_000_060), "\(algorithm)")
            #expect(try CompactToken(token).header.keyID == key.id)
            let less = try await issuer.token(for: user, scope: ["read"], now: now)
            #expect(try await self.seen(host, less).claims["scope"] == "read")
            // Each has a name of its own.
            let ids = try [token, less].map { try JWTClaims(try CompactToken($0).payload).id }
            #expect(ids[0] != nil && ids[0] != ids[1])
            await host.advance(by: .seconds(90))
            #expect(try await host.refusal(of: token) == "It has expired.")
        }
    }

    @Test func whatCannotIssueEndsTheStart() throws {
        let pem = try #require(PyJWT.publicKeys["p256"])
        let key = try JWTKey(publicKey: pem, as: .es256)
        #expect(throws: StartupError.self) { try JWTIssuer(key: key, issuer: "i", audience: "a") }
        for lifetime in [Duration.zero, .seconds(-1), .milliseconds(999), .seconds(1e12)] {
            #expect(throws: StartupError.self) {
                try JWTIssuer(key: .temporary(), issuer: "i", audience: "a", lifetime: lifetime)
            }
        }
    }
}

@Controller("revoke")
private struct RevokeController {
    let revocations: TokenRevocations
    func create(_ ctx: Context) throws -> String { "\(try revocations.revokeToken(of: ctx))" }
}
