import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletJWT

@Suite struct JWTKeyTests {
    @Test func whatOthersMakeIsTaken() async throws {
        #expect(Set(PyJWT.tokens.map(\.algorithm)) == Set(JWSAlgorithm.allCases.map(\.rawValue)))
        for row in PyJWT.tokens {
            let algorithm = try #require(JWSAlgorithm(rawValue: row.algorithm))
            let key =
                try row.key.map { try JWTKey(publicKey: PyJWT.publicKeys[$0] ?? "", as: algorithm, id: $0) }
                ?? Forge.key(algorithm)
            let answer = try await TestHost.taking(key).client(bearer: row.token).get("/token")
            let seen = try answer.json(TokenController.Seen.self)
            #expect(
                seen
                    == TokenController.Seen(
                        id: "7", name: "J\u{f6}rg", roles: ["admin", "editor"],
                        claims: [
                            "iss": "https://id.example.com", "scope": "read write",
                            "address": #"{"city":"Ulm","zip":89073}"#,
                        ], scheme: "jwt", methods: [], time: 1_800_000_000, expiresAt: 1_800_000_600),
                "\(row.algorithm)")
        }
    }

    /// Whether a request is answered without a task.
    private func isImmediate(_ host: TestHost, _ token: String) async throws -> Bool {
        let application = host.application
        let loop = application.executors[0].eventLoop
        return try await loop.submit {
            let ctx = application.context(
                request: Request(
                    method: .get, target: "/token/write", headers: [.authorization: "Bearer \(token)"], body: .empty),
                client: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1), eventLoop: loop)
            return if case .now = application.answer(ctx) { true } else { false }
        }.get()
    }

    @Test func aTokenWaitsForNothingOnceItsKeyIsKnown() async throws {
        let key = try Forge.key()
        let host = try TestHost.taking(key)
        let token = try await Forge.token(#"{"alg":"HS256"}"#, Forge.claims(["scope": "\"write\""]))
        #expect(try await !isImmediate(host, token))
        #expect(try await host.refusal(of: token) == nil)
        #expect(try await isImmediate(host, token))
        // Nor does one that is worth nothing.
        for text in ["opaque", "a.b.c", "\(token)A", token + "AAAA"] { #expect(try await isImmediate(host, text)) }
    }

    static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    /// RFC 7515 A.1 and A.3, RFC 8037 A.4.
    static let vectors: [(key: String, signed: String, signature: String)] = [
        (
            """
            {"kty":"oct","alg":"HS256",
             "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}
            """, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(payload)",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ),
        (
            """
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
             "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            """, "eyJhbGciOiJFUzI1NiJ9.\(payload)",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        ),
        (
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        ),
    ]

    @Test(arguments: vectors)
    func aSignatureOfTheStandardHolds(_ row: (key: String, signed: String, signature: String)) async throws {
        let keys = try JWKSet.keys(in: Array("{\"keys\":[\(row.key)]}".utf8))
        let token = try CompactToken("\(row.signed).\(row.signature)")
        let algorithm = try await keys.key(for: token.header).signer.load()
        #expect(try algorithm.verify(token.signature, signs: token.signed))
        var other = token.signature
        other[5] ^= 1
        #expect((try? algorithm.verify(other, signs: token.signed)) != true)
    }

    @Test func aKeyThatIsTooWeakEndsTheStart() throws {
        for (algorithm, bytes) in [(JWSAlgorithm.hs256, 32), (.hs384, 48), (.hs512, 64)] {
            #expect(throws: StartupError.self) {
                try JWTKey(secret: [UInt8](repeating: 1, count: bytes - 1), as: algorithm)
            }
            _ = try JWTKey(secret: [UInt8](repeating: 1, count: bytes), as: algorithm)
        }
        #expect(throws: StartupError.self) { try JWTKey(publicKey: PyJWT.weakKey, as: .rs256) }
        #expect(throws: StartupError.self) { try JWTKey(publicKey: PyJWT.weakKey, as: .ps512) }
    }

    @Test func aKeyOfAnotherKindEndsTheStart() throws {
        let rsa = try #require(PyJWT.publicKeys["rsa"])
        for algorithm in [JWSAlgorithm.hs256, .es256, .es384, .es512, .edDSA] {
            #expect(throws: StartupError.self) { try JWTKey(publicKey: rsa, as: algorithm) }
        }
        for pem in ["", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", PyJWT.privateKeys["rsa"] ?? ""] {
            for algorithm in JWSAlgorithm.allCases {
                let error = #expect(throws: StartupError.self) { try JWTKey(publicKey: pem, as: algorithm) }
                #expect(error?.description.contains("BEGIN") == false)
            }
        }
        #expect(throws: StartupError.self) { try JWTKey(privateKey: rsa, as: .rs256) }
        #expect(throws: StartupError.self) { try JWTKey(publicKey: PyJWT.publicKeys["p256"] ?? "", as: .es384) }
        #expect(throws: StartupError.self) { try JWTKey(secret: PyJWT.secret, as: .rs256) }
        #expect(throws: StartupError.self) { try JWTKey(secret: PyJWT.secret, id: "") }
    }

    @Test func keysThatNothingTellsApartEndTheStart() throws {
        #expect(throws: StartupError.self) { try JWTKeySet([]) }
        #expect(throws: StartupError.self) { try JWTKeySet(Forge.key(), Forge.key()) }
        #expect(throws: StartupError.self) { try JWTKeySet(Forge.key(id: "a"), Forge.key(.hs512, id: "a")) }
        _ = try JWTKeySet(Forge.key(), Forge.key(.hs512), Forge.key(id: "a"), Forge.key(id: "b"))
    }

    @Test func noLogHasASecret() throws {
        let key = try Forge.key(id: "main")
        var text = "\(key) \(String(reflecting: key))"
        dump(key, to: &text)
        #expect(text.contains("HS256") && text.contains("main") && !text.contains("0123456789"))
    }

    static let sets: [(text: String, problem: String?)] = [
        (PyJWT.keySet, nil),
        ("", "no JWK Set"),
        ("[]", "no JWK Set"),
        (#"{"keys":{}}"#, "no JWK Set"),
        (#"{"keys":[],"keys":[]}"#, "no JWK Set"),
        (#"{"keys":[]}"#, "has no key"),
        (#"{"keys":[1]}"#, "key 1 is no object"),
        (#"{"keys":[{}]}"#, "no 'kty'"),
        // Of another kind, or for something else.
        (#"{"keys":[{"kty":"XYZ"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"RSA","use":"enc","n":"!"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"RSA","key_ops":["encrypt"],"n":"!"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"RSA","alg":"RSA-OAEP","n":"!"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"EC","crv":"secp256k1"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"RSA"}]}"#, "'n' is no base64url"),
        (#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, "2048"),
        (#"{"keys":[{"kty":"RSA","n":"AQ==","e":"AQAB"}]}"#, "'n' is no base64url"),
        (#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#, "point"),
        (#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES384","x":"AA","y":"AA"}]}"#, "ES256"),
        (#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#, "Ed25519"),
        (#"{"keys":[{"kty":"OKP","crv":"X25519","x":"AA"}]}"#, "has no key"),
        (#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "'alg'"),
        (#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"}]}"#, "32 random bytes"),
        (#"{"keys":[{"kty":"oct","alg":"RS256","k":"AAAA"}]}"#, "'alg'"),
        (#"{"keys":[{"kty":7}]}"#, "'kty' is no text"),
    ]

    @Test(arguments: sets)
    func aKeySetIsTakenOrNot(_ row: (text: String, problem: String?)) throws {
        do {
            let keys = try JWKSet.keys(in: Array(row.text.utf8))
            #expect(row.problem == nil)
            #expect(keys.keys.map(\.id) == ["rsa", "p256", "p384", "p521", "ed25519"])
            #expect(keys.keys.map(\.algorithm) == [.rs256, .es256, .es384, .es512, .edDSA])
        } catch let error as StartupError {
            #expect(row.problem.map { error.description.contains($0) } == true, "\(error)")
        }
    }
}
