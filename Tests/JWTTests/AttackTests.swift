import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletJWT

/// Tokens that are forged, out of date or for somebody else: each is refused, for the reason that it has.
@Suite struct AttackTests {
    private static let malformed = "It is malformed."
    private static let header = "Its header is malformed."
    private static let unknown = "Its key is not known."
    private static let algorithm = "Its key does not take its algorithm."
    private static let signature = "Its signature does not hold."

    static let headers: [(header: String, refusal: String?)] = [
        (#"{"alg":"HS256"}"#, nil),
        (#"{"alg":"HS256","typ":"jwt"}"#, nil),
        (#"{"alg":"HS256","typ":"application/JWT"}"#, nil),
        (#"{"alg":"HS256","typ":"at+jwt"}"#, nil),
        (#"{"alg":"HS256","x5t":"abc","whatever":[1,{}]}"#, nil),
        (#"{ "alg" : "\u0048S256" }"#, nil),
        // Not signed, in all spellings.
        (#"{"alg":"none"}"#, algorithm),
        (#"{"alg":"None"}"#, algorithm),
        (#"{"alg":"nOnE"}"#, algorithm),
        (#"{"alg":""}"#, algorithm),
        (#"{"alg":"hs256"}"#, algorithm),
        (#"{"alg":"HS256 "}"#, algorithm),
        (#"{"alg":"HS256\u0000"}"#, algorithm),
        (#"{"alg":"HS512"}"#, algorithm),
        (#"{"alg":"RS256"}"#, algorithm),
        (#"{"alg":"ES256"}"#, algorithm),
        (#"{"alg":["HS256"]}"#, header),
        (#"{"alg":null}"#, header),
        (#"{"alg":true}"#, header),
        (#"{"typ":"JWT"}"#, header),
        (#"{}"#, header),
        (#"[]"#, header),
        (#""HS256""#, header),
        // Two readers could take two of these.
        (#"{"alg":"none","alg":"HS256"}"#, header),
        (#"{"alg":"HS256","alg":"HS256"}"#, header),
        (#"{"alg":"HS256","\u0061lg":"none"}"#, header),
        (#"{"alg":"HS256","kid":"a","kid":"b"}"#, header),
        (#"{"alg":"HS256"} "#, nil),
        (#"{"alg":"HS256"}{}"#, header),
        (#"{"alg":"HS256",}"#, header),
        (#"{'alg':'HS256'}"#, header),
        ("\u{feff}{\"alg\":\"HS256\"}", header),
        // Keys that come along, or are to be fetched.
        (#"{"alg":"HS256","jku":"https://evil.example/keys"}"#, "Its header has 'jku', which is not taken."),
        (#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#, "Its header has 'jwk', which is not taken."),
        (#"{"alg":"HS256","x5u":"file:///etc/passwd"}"#, "Its header has 'x5u', which is not taken."),
        (#"{"alg":"HS256","x5c":["MIIB"]}"#, "Its header has 'x5c', which is not taken."),
        (#"{"alg":"HS256","jku":null}"#, "Its header has 'jku', which is not taken."),
        (#"{"alg":"HS256","crit":["exp"]}"#, "Its header has 'crit', which is not taken."),
        (#"{"alg":"HS256","crit":["b64"],"b64":false}"#, "Its header has 'crit', which is not taken."),
        (#"{"alg":"HS256","crit":[]}"#, "Its header has 'crit', which is not taken."),
        (#"{"alg":"HS256","b64":false}"#, "Its header has 'b64', which is not taken."),
        (#"{"alg":"HS256","zip":"DEF"}"#, "Its header has 'zip', which is not taken."),
        (#"{"alg":"HS256","cty":"JWT"}"#, "Its header has 'cty', which is not taken."),
        (#"{"alg":"HS256","enc":"A128GCM"}"#, "Its header has 'enc', which is not taken."),
        // Names of keys are compared, and nothing else is done with them.
        (#"{"alg":"HS256","kid":"../../../../dev/null"}"#, unknown),
        (#"{"alg":"HS256","kid":"' OR '1'='1"}"#, unknown),
        (#"{"alg":"HS256","kid":"main\u0000"}"#, unknown),
        (#"{"alg":"HS256","kid":""}"#, unknown),
        (#"{"alg":"HS256","kid":7}"#, unknown),
        (#"{"alg":"HS256","kid":null}"#, unknown),
        (#"{"alg":"HS256","kid":["main"]}"#, unknown),
        (#"{"alg":"HS256","kid":{"a":1}}"#, unknown),
        ("{\"alg\":\"HS256\",\"kid\":\"\(String(repeating: "k", count: 300))\"}", unknown),
        ("{\"alg\":\"HS256\",\"x\":\"\(String(repeating: "k", count: 3000))\"}", header),
        (#"{"alg":"HS256","kid":"main"}"#, nil),
        (#"{"alg":"HS256","x":\#(String(repeating: "[", count: 900))"#, header),
        (#"{"alg":"HS256","typ":"secevent+jwt"}"#, "It is of another type."),
        (#"{"alg":"HS256","typ":7}"#, header),
    ]

    @Test(arguments: headers)
    func aHeaderIsTakenOrNot(_ row: (header: String, refusal: String?)) async throws {
        let host = try TestHost.taking(try Forge.key(id: "main"))
        let refusal = try await host.refusal(of: try await Forge.token(row.header))
        #expect(refusal == row.refusal)
    }

    private static let start = Forge.start
    static let claims: [(claims: String, refusal: String?)] = [
        (Forge.claims([:]), nil),
        // Time, with half a minute for clocks that differ.
        (Forge.claims(["exp": "\(start - 29)"]), nil),
        (Forge.claims(["exp": "\(start - 30)"]), "It has expired."),
        (Forge.claims(["exp": "\(start + 1).5"]), nil),
        (Forge.claims(["exp": "1.8000006e9"]), nil),
        (Forge.claims(["exp": nil]), "It does not say when it expires."),
        (Forge.claims(["exp": "null"]), "Its 'exp' is malformed."),
        (Forge.claims(["exp": "\"\(start + 60)\""]), "Its 'exp' is malformed."),
        (Forge.claims(["exp": "-1"]), "Its 'exp' is malformed."),
        (Forge.claims(["exp": "1e300"]), "Its 'exp' is malformed."),
        (Forge.claims(["exp": "1e999"]), "Its claims are malformed."),
        (Forge.claims(["exp": "NaN"]), "Its claims are malformed."),
        (Forge.claims(["exp": "0x7fffffff"]), "Its claims are malformed."),
        (Forge.claims(["exp": "true"]), "Its 'exp' is malformed."),
        (Forge.claims(["exp": "[\(start + 60)]"]), "Its 'exp' is malformed."),
        (Forge.claims(["nbf": "\(start + 30)"]), nil),
        (Forge.claims(["nbf": "\(start + 31)"]), "It is not valid yet."),
        (Forge.claims(["nbf": "\"0\""]), "Its 'nbf' is malformed."),
        (Forge.claims(["iat": "\(start + 30)"]), nil),
        (Forge.claims(["iat": "\(start + 31)"]), "It is from the future."),
        (Forge.claims(["iat": "{}"]), "Its 'iat' is malformed."),
        (Forge.claims(["iat": nil]), nil),
        // From whom, for whom.
        (Forge.claims(["iss": nil]), "It is of another issuer."),
        (Forge.claims(["iss": "\"https://id.example.com/\""]), "It is of another issuer."),
        (Forge.claims(["iss": "\"https://ID.example.com\""]), "It is of another issuer."),
        (Forge.claims(["iss": "[\"https://id.example.com\"]"]), "Its 'iss' is malformed."),
        (Forge.claims(["aud": nil]), "It is for another audience."),
        (Forge.claims(["aud": "\"shops\""]), "It is for another audience."),
        (Forge.claims(["aud": "[]"]), "It is for another audience."),
        (Forge.claims(["aud": "[\"a\",\"shop\"]"]), nil),
        (Forge.claims(["aud": "[\"shop\",1]"]), "Its 'aud' is malformed."),
        (Forge.claims(["aud": "{\"shop\":true}"]), "Its 'aud' is malformed."),
        // Whose.
        (Forge.claims(["sub": nil]), "It names no subject."),
        (Forge.claims(["sub": "\"\""]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "7"]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "null"]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "\"7\\u0000\""]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "\"7\\n\""]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "\"\(String(repeating: "7", count: 256))\""]), "Its 'sub' is malformed."),
        (Forge.claims(["sub": "\"\\ud800\""]), "Its claims are malformed."),
        (Forge.claims(["jti": "1"]), "Its 'jti' is malformed."),
        // What it is.
        ("{\"sub\":\"8\"," + Forge.claims([:]).dropFirst(), "Its claims are malformed."),
        ("{\"\\u0073ub\":\"8\"," + Forge.claims([:]).dropFirst(), "Its claims are malformed."),
        (Forge.claims([:]) + "x", "Its claims are malformed."),
        ("[" + Forge.claims([:]) + "]", "Its claims are malformed."),
        (Forge.claims(["x": String(repeating: "[", count: 5000)]), "Its claims are malformed."),
        (Forge.claims(["x": "\"\t\""]), "Its claims are malformed."),
        (Forge.claims(["x": "01"]), "Its claims are malformed."),
        (Forge.claims(["x": "{\"a\":1,\"a\":2}"]), "Its claims are malformed."),
    ]

    @Test(arguments: claims)
    func claimsHoldOrNot(_ row: (claims: String, refusal: String?)) async throws {
        let host = try TestHost.taking(try Forge.key())
        let refusal = try await host.refusal(of: try await Forge.token(#"{"alg":"HS256"}"#, row.claims))
        #expect(refusal == row.refusal)
    }

    @Test func aTokenIsOneInTheCompactFormToTheLetter() async throws {
        let host = try TestHost.taking(try Forge.key())
        let token = try await Forge.token()
        let parts = token.split(separator: ".").map(String.init)
        let nested = try await Forge.token(#"{"alg":"HS256"}"#, "\"\(token)\"")
        // Bits of the last character that stand for nothing.
        let last = try #require(parts[2].last)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let twin = alphabet[try #require(alphabet.firstIndex(of: last)) + 1]
        let rows: [(token: String, refusal: String?)] = [
            (token, nil),
            ("\(parts[0]).\(parts[1]).", Self.malformed),
            ("\(parts[0]).\(parts[1])", Self.malformed),
            (".\(parts[1]).\(parts[2])", Self.malformed),
            ("\(parts[0])..\(parts[2])", Self.malformed),
            ("...", Self.malformed),
            ("..", Self.malformed),
            (".", Self.malformed),
            ("\(token).", Self.malformed),
            ("\(token).\(parts[2])", Self.malformed),
            ("\(token).a.b", Self.malformed),
            ("\(token)=", Self.malformed),
            ("\(token)A", Self.signature),
            ("\(token)AA", Self.malformed),
            ("\(token)AAAA", Self.signature),
            ("\(token.dropLast())\(twin)", Self.malformed),
            (token.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/"), nil),
            ("\(parts[0]).\(parts[1]).\(parts[2].dropLast(3))", Self.signature),
            ("\(parts[0]).\(parts[1]).AAAA", Self.signature),
            (nested, "Its claims are malformed."),
            ("\(token) x", "The token is malformed."),
            (
                "\(parts[0]).\(Forge.encode(String(repeating: " ", count: 20_000))).\(parts[2])",
                "The token is malformed."
            ),
        ]
        for row in rows {
            let refusal = try await host.refusal(of: row.token)
            if row.token != token, row.refusal == nil {
                // It may have had none of those characters.
                #expect([nil, Self.malformed].contains(refusal))
            } else {
                #expect(refusal == row.refusal, "\(row.token.prefix(400))")
            }
        }
        // Another scheme's, perhaps.
        #expect(try await host.refusal(of: "opaque") == "Bearer")
    }

    @Test func aPublicKeyIsNoSecret() async throws {
        let pem = try #require(PyJWT.publicKeys["rsa"])
        let host = try TestHost.taking(try JWTKey(publicKey: pem, as: .rs256))
        let text = #"{"alg":"HS256"}"#
        let signed = "\(Forge.encode(text)).\(Forge.encode(Forge.claims))"
        for secret in [pem, pem + "\n", pem.replacingOccurrences(of: "\n", with: "\r\n")] {
            // What an attacker has signed with it, whoever refuses to.
            let key = TokenSigner(.hs256, .hmac(.init(from: secret)))
            let signature = try await key.load().sign(Array(signed.utf8))
            #expect(try await host.refusal(of: "\(signed).\(Base64URL.text(of: signature))") == Self.algorithm)
        }
        #expect(throws: StartupError.self) { try JWTKey(secret: pem) }
    }

    @Test func aKeyTakesItsAlgorithmAloneWhateverElseItCouldCheck() async throws {
        let pem = try #require(PyJWT.privateKeys["rsa"])
        let host = try TestHost.taking(try JWTKey(publicKey: try #require(PyJWT.publicKeys["rsa"]), as: .rs256))
        for algorithm in [JWSAlgorithm.rs256, .rs384, .rs512, .ps256, .ps384, .ps512] {
            let key = try JWTKey(privateKey: pem, as: algorithm)
            let honest = try await Forge.token("{\"alg\":\"\(algorithm.rawValue)\"}", by: key)
            #expect(try await host.refusal(of: honest) == (algorithm == .rs256 ? nil : Self.algorithm))
            let lying = try await Forge.token(#"{"alg":"RS256"}"#, by: key)
            #expect(try await host.refusal(of: lying) == (algorithm == .rs256 ? nil : Self.signature))
        }
    }

    @Test func signaturesOfNothingAreNone() async throws {
        for (algorithm, name, bytes) in [
            (JWSAlgorithm.es256, "p256", 64), (.es384, "p384", 96), (.es512, "p521", 132), (.edDSA, "ed25519", 64),
            (.rs256, "rsa", 256), (.ps256, "rsa", 256),
        ] {
            let host = try TestHost.taking(try JWTKey(publicKey: try #require(PyJWT.publicKeys[name]), as: algorithm))
            let signed = "\(Forge.encode("{\"alg\":\"\(algorithm.rawValue)\"}")).\(Forge.encode(Forge.claims))"
            for (byte, count) in [(UInt8(0), bytes), (0xff, bytes), (1, bytes), (0, 1), (0, 2 * bytes), (0x30, 70)] {
                let signature = Base64URL.text(of: [UInt8](repeating: byte, count: count))
                #expect(try await host.refusal(of: "\(signed).\(signature)") == Self.signature)
            }
        }
    }

    @Test func anotherKeysTokensAreRefused() async throws {
        let host = try TestHost.taking(
            try JWTKeySet(try Forge.key(id: "a"), try Forge.key(.hs512, id: "b"), try Forge.key(.hs384)))
        let rows: [(header: String, by: JWSAlgorithm, refusal: String?)] = [
            (#"{"alg":"HS256","kid":"a"}"#, .hs256, nil),
            (#"{"alg":"HS512","kid":"b"}"#, .hs512, nil),
            (#"{"alg":"HS256","kid":"b"}"#, .hs256, Self.algorithm),
            (#"{"alg":"HS512","kid":"b"}"#, .hs256, Self.signature),
            (#"{"alg":"HS384"}"#, .hs384, nil),
            (#"{"alg":"HS256"}"#, .hs256, Self.unknown),
            (#"{"alg":"HS384","kid":"c"}"#, .hs384, Self.unknown),
        ]
        for row in rows {
            let token = try await Forge.token(row.header, by: try Forge.key(row.by))
            #expect(try await host.refusal(of: token) == row.refusal, "\(row.header)")
        }
    }

    @Test func aTokenForNobodyInParticularIsTakenWhereTheAppSaysSo() async throws {
        let host = try TestHost.taking(
            try Forge.key(), issuer: nil, audience: nil, type: "at+jwt", requiresExpiry: false)
        let type = #"{"alg":"HS256","typ":"AT+JWT"}"#
        #expect(try await host.refusal(of: Forge.token(type, #"{"sub":"7"}"#)) == nil)
        #expect(try await host.refusal(of: Forge.token(type)) == "It is for another audience.")
        #expect(
            try await host.refusal(of: Forge.token(type, #"{"sub":"7","aud":[]}"#)) == "It is for another audience.")
        #expect(try await host.refusal(of: Forge.token(type, #"{"sub":"7","exp":1}"#)) == "It has expired.")
        #expect(try await host.refusal(of: Forge.token()) == "It is of another type.")
        #expect(try await host.refusal(of: Forge.token(#"{"alg":"HS256"}"#)) == "It is of another type.")
    }

    /// What the right key has signed, whatever it is, is only taken where another reader finds all that has to be there.
    @Test func whatIsTakenIsThatForOtherReaders() async throws {
        var generator = Randomness(seed: 5)
        let host = try TestHost.taking(try Forge.key(id: "main"))
        let header = Array(#"{"alg":"HS256","typ":"JWT","kid":"main","x":null}"#.utf8)
        let claims = Array(Forge.claims(["aud": "[\"shop\"]", "nbf": "\(Forge.start)", "x": "[{}]"]).utf8)
        var taken = 0
        for _ in 0..<3000 {
            let texts = [header, claims].map { String(decoding: generator.changed($0), as: UTF8.self) }
            let refusal = try await host.refusal(of: Forge.token(texts[0], texts[1]))
            guard refusal == nil else {
                #expect(refusal?.hasPrefix("It") == true, "\(refusal ?? "")")
                continue
            }
            taken += 1
            let read = try texts.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
            #expect(read[0]["alg"] as? String == "HS256", "\(texts)")
            #expect([nil, "main"].contains(read[0]["kid"] as? String), "\(texts)")
            #expect(Set(read[0].keys).isDisjoint(with: ["jku", "jwk", "x5u", "x5c", "crit"]), "\(texts)")
            #expect(read[1]["iss"] as? String == Forge.issuer, "\(texts)")
            let audience = read[1]["aud"]
            #expect((audience as? [String] ?? [audience as? String ?? ""]).contains("shop"), "\(texts)")
            #expect(try #require(read[1]["exp"] as? Double, "\(texts)") > Double(Forge.start - 30), "\(texts)")
            #expect((read[1]["sub"] as? String)?.isEmpty == false, "\(texts)")
            #expect((read[1]["nbf"] as? Double ?? 0) <= Double(Forge.start + 30), "\(texts)")
        }
        #expect(taken > 200)
    }

    /// Whatever is changed in a token, it is worth nothing, and nothing breaks.
    @Test func aChangedTokenIsWorthNothing() async throws {
        var generator = Randomness(seed: 42)
        for row in PyJWT.tokens where ["HS256", "RS256", "ES256", "EdDSA"].contains(row.algorithm) {
            let algorithm = try #require(JWSAlgorithm(rawValue: row.algorithm))
            let key =
                try row.key.map { try JWTKey(publicKey: PyJWT.publicKeys[$0] ?? "", as: algorithm, id: $0) }
                ?? Forge.key()
            let host = try TestHost.taking(key)
            #expect(try await host.refusal(of: row.token) == nil)
            for _ in 0..<400 {
                let mutant = generator.mutant(of: Array(row.token.utf8))
                guard mutant != Array(row.token.utf8) else { continue }
                let text = String(decoding: mutant, as: UTF8.self)
                #expect(try await host.refusal(of: text) != nil, "\(text)")
            }
        }
    }
}

/// The same numbers in every run (SplitMix64).
struct Randomness: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A text with none to three changes, in the characters that JSON is made of.
    mutating func changed(_ text: [UInt8]) -> [UInt8] {
        let alphabet = Array(#"{}[]",:\u0123eE+-.tfn a"#.utf8)
        var bytes = text
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            let at = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<3, using: &self) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(alphabet.randomElement(using: &self) ?? 0x20, at: at)
            default: bytes[at] = alphabet.randomElement(using: &self) ?? 0x20
            }
        }
        return bytes
    }

    /// A token with one to three changes, in the characters that a token may have.
    mutating func mutant(of token: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCXYZabcxyz0189-_.+/=~".utf8)
        var bytes = token
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes.insert(alphabet.randomElement(using: &self) ?? 0x41, at: at)
            case 1 where !bytes.isEmpty: bytes.remove(at: at)
            case 2 where !bytes.isEmpty: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &self))
            case 3: bytes = Array(bytes[..<at] + token[Int.random(in: 0..<token.count, using: &self)...])
            default: if !bytes.isEmpty { bytes[at] = alphabet.randomElement(using: &self) ?? 0x41 }
            }
        }
        return bytes
    }
}
