import Foundation
import Testing

@testable import MartletIdentity
import MartletMiddleware

@Suite struct TOTPTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    /// RFC 6238 appendix B.
    @Test(arguments: [
        (59.0, "94287082", "46119246", "90693936"), (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"), (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"), (20_000_000_000, "65353130", "77737706", "47863826"),
    ])
    func `the vectors of the RFC`(seconds: Double, sha1: String, sha256: String, sha512: String) throws {
        let digits = "1234567890123456789012345678901234567890123456789012345678901234"
        let cases: [(TOTP.Algorithm, Int, String)] = [(.sha1, 20, sha1), (.sha256, 32, sha256), (.sha512, 64, sha512)]
        for (algorithm, count, code) in cases {
            let secret = Base32.text(of: digits.utf8.prefix(count))
            let totp = try #require(TOTP(secret: secret, algorithm: algorithm, digits: 8))
            let time = Date(timeIntervalSince1970: seconds)
            #expect(totp.code(at: time) == code)
            #expect(totp.verify(code, now: time, after: nil) == Int64(seconds) / 30)
            // The last six are what a code of six digits is.
            let short = try #require(TOTP(secret: secret, algorithm: algorithm))
            #expect(short.code(at: time) == String(code.suffix(6)))
        }
    }

    @Test(arguments: [(-61, false), (-60, false), (-30, true), (0, true), (30, true), (60, false), (3600, false)])
    func `a clock may be wrong by a step`(offset: Int, isRight: Bool) {
        let totp = TOTP()
        let code = totp.code(at: Self.now + Double(offset))
        // Two codes in a million are the same.
        let isSame = (-1...1).contains { totp.code(at: Self.now + Double($0) * 30) == code }
        #expect((totp.verify(code, now: Self.now, after: nil) != nil) == (isRight || isSame))
    }

    @Test func `a code counts once, and so do those before it`() throws {
        let totp = TOTP()
        let step = Int64(Self.now.timeIntervalSince1970) / 30
        let code = totp.code(at: Self.now)
        let used = try #require(totp.verify(code, now: Self.now, after: nil))
        #expect(totp.verify(code, now: Self.now, after: used) == nil)
        #expect(totp.verify(code, now: Self.now + 30, after: used) == nil)
        #expect(totp.verify(totp.code(at: Self.now - 30), now: Self.now, after: step) == nil)
        #expect(totp.verify(totp.code(at: Self.now + 30), now: Self.now, after: step) == step + 1)
        #expect(totp.verify(totp.code(at: Self.now + 30), now: Self.now, after: step + 1) == nil)
    }

    @Test func `blanks are left out, and nothing else is a code`() {
        let totp = TOTP()
        let code = totp.code(at: Self.now)
        #expect(totp.verify(" \(code.prefix(3)) \(code.suffix(3)) ", now: Self.now, after: nil) != nil)
        let wrong = [
            "", " ", String(code.dropLast()), code + "0", "0" + code, "-" + code.dropFirst(), "abcdef", "１２３４５６",
            code + String(repeating: " ", count: 100),
        ]
        for text in wrong { #expect(totp.verify(text, now: Self.now, after: nil) == nil, "\(text)") }
    }

    @Test func `any time is one`() {
        for seconds in [0, -1, -1e300, 1e300, .infinity, -.infinity, .nan] {
            let time = Date(timeIntervalSince1970: seconds)
            let totp = TOTP()
            #expect(totp.code(at: time).utf8.count == 6)
            #expect(totp.verify(totp.code(at: time), now: time, after: nil) != nil)
        }
    }

    @Test func `a secret of the store is the same`() throws {
        let totp = TOTP()
        #expect(totp.secret.wholeMatch(of: /[A-Z2-7]{32}/) != nil)
        #expect(try #require(TOTP(secret: totp.secret.lowercased())).code(at: Self.now) == totp.code(at: Self.now))
        #expect(TOTP().secret != totp.secret)
        for secret in ["", "ABC", "AAAAAAAAAAAAAAAAAAAAAAAA", "0189018901890189018901890189", totp.secret + "!"] {
            #expect(TOTP(secret: secret) == nil, "\(secret)")
        }
        #expect(TOTP(secret: totp.secret, digits: 5) == nil && TOTP(secret: totp.secret, period: 0) == nil)
    }

    @Test func `the address for the app is one, whatever the names are`() throws {
        let totp = try #require(TOTP(secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
        #expect(
            totp.uri(issuer: "Shop", account: "ada@example.com")
                == "otpauth://totp/Shop:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Shop&algorithm=SHA1"
                + "&digits=6&period=30")
        let strange = totp.uri(issuer: "A&B: 店/?#", account: "a:b&secret=x\r\n")
        #expect(strange.hasPrefix("otpauth://totp/A%26B%3A%20%E5%BA%97%2F%3F%23:a%3Ab%26secret%3Dx%0D%0A?secret=JBSW"))
        #expect(URL(string: strange) != nil)
    }
}

@Suite struct Base32Tests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func `the vectors of the RFC`(text: String, encoded: String) {
        #expect(Base32.text(of: text.utf8) == encoded)
        let padded = encoded + String(repeating: "=", count: (8 - encoded.utf8.count % 8) % 8)
        for typed in [encoded, padded, encoded.lowercased(), " " + encoded.map { "\($0)-" }.joined()] {
            #expect(Base32.bytes(of: typed) == Array(text.utf8), "\(typed)")
        }
    }

    @Test func `any bytes come back`() {
        for count in 0..<200 {
            let bytes = Secrets.random(count)
            #expect(Base32.bytes(of: Base32.text(of: bytes)) == bytes)
            #expect(Base64URL.bytes(of: Base64URL.text(of: bytes).utf8) == bytes)
        }
    }

    @Test(arguments: ["A", "AAA", "AAAAAA", "M0", "M1", "M8", "MÄ", "M=Y", "MY\n", "ＭＹ"])
    func `what is none is nil`(text: String) { #expect(Base32.bytes(of: text) == nil) }

    @Test(arguments: ["A", "AA=", "AA==", "A+", "A/", "AB", "A A", "AAA\n", "ÄA"])
    func `what is no Base64 of a URL is nil`(text: String) { #expect(Base64URL.bytes(of: text.utf8) == nil) }
}

@Suite struct RecoveryCodeTests {
    @Test func `ten codes, each good once`() throws {
        let codes = RecoveryCodes()
        #expect(codes.texts.count == 10 && Set(codes.texts).count == 10)
        #expect(codes.texts.allSatisfy { $0.wholeMatch(of: /[A-Z2-7]{4}(-[A-Z2-7]{4}){3}/) != nil })
        var stored = codes.hashes
        for (index, text) in codes.texts.enumerated() {
            #expect(RecoveryCodes.index(of: text, in: codes.hashes) == index)
            let typed = text.lowercased().replacing("-", with: " ")
            stored.remove(at: try #require(RecoveryCodes.index(of: typed, in: stored)))
            #expect(RecoveryCodes.index(of: text, in: stored) == nil)
        }
        #expect(stored.isEmpty)
    }

    @Test func `nothing else is one`() {
        let codes = RecoveryCodes()
        let texts = [
            "", "-", "AAAA-AAAA-AAAA-AAAA", codes.hashes[0], codes.texts[0] + "A", String(codes.texts[0].dropLast()),
        ]
        for text in texts + RecoveryCodes().texts + [String(repeating: "A", count: 100_000)] {
            #expect(RecoveryCodes.index(of: text, in: codes.hashes) == nil, "\(text)")
        }
        #expect(RecoveryCodes.index(of: codes.texts[0], in: ["", "x"]) == nil)
    }

    @Test func `the store has none of it`() {
        let codes = RecoveryCodes()
        for (text, hash) in zip(codes.texts, codes.hashes) {
            #expect(!hash.contains(text.replacing("-", with: "")))
            #expect(hash.utf8.count == 43)
        }
    }
}

@Suite struct OneTimeTokenTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let keys = KeyRing.temporary()
    private var resets: OneTimeTokens { OneTimeTokens("reset", keys: keys, lifetime: .seconds(3600)) }

    private func subject(
        _ tokens: OneTimeTokens, _ token: String, _ state: String? = "$scrypt$1", at offset: Double = 0
    ) async -> String? { await tokens.subject(of: token, now: Self.now + offset) { _ in state } }

    @Test(arguments: ["7", "", "ada@example.com", "üser\r\n\0", String(repeating: "x", count: 512)])
    func `a token says whose it is`(id: String) async throws {
        let token = try resets.token(for: id, state: "$scrypt$1", now: Self.now)
        #expect(
            token.utf8.allSatisfy { byte in
                "-_".utf8.contains(byte) || Character(Unicode.Scalar(byte)).isLetter
                    || Character(Unicode.Scalar(byte)).isNumber
            })
        let asked = await resets.subject(of: token, now: Self.now) { subject in
            #expect(subject == id)
            return "$scrypt$1"
        }
        #expect(asked == id)
    }

    @Test func `its use ends it`() async throws {
        let token = try resets.token(for: "7", state: "$scrypt$1", now: Self.now)
        #expect(await subject(resets, token) == "7")
        #expect(await subject(resets, token, "$scrypt$2") == nil)
        #expect(await subject(resets, token, "") == nil)
        #expect(await subject(resets, token, nil) == nil)
    }

    @Test(arguments: [(-10.0, true), (0, true), (3599.5, true), (3600, false), (1e9, false), (.infinity, false)])
    func `its time is over some day`(offset: Double, isThere: Bool) async throws {
        let token = try resets.token(for: "7", state: "$scrypt$1", now: Self.now)
        #expect((await subject(resets, token, at: offset) != nil) == isThere)
    }

    @Test func `for another purpose, or with another key, it is none`() async throws {
        let token = try resets.token(for: "7", state: "$scrypt$1", now: Self.now)
        #expect(await subject(OneTimeTokens("confirm", keys: keys, lifetime: .seconds(3600)), token) == nil)
        #expect(await subject(OneTimeTokens("reset", keys: .temporary(), lifetime: .seconds(3600)), token) == nil)
    }

    @Test func `keys rotate`() async throws {
        let (old, new) = (KeyRing.newKey(), KeyRing.newKey())
        let token = try OneTimeTokens("a", keys: KeyRing([old]), lifetime: .seconds(9)).token(
            for: "7", state: "$scrypt$1", now: Self.now)
        #expect(await subject(OneTimeTokens("a", keys: try KeyRing([new, old]), lifetime: .seconds(9)), token) == "7")
        #expect(await subject(OneTimeTokens("a", keys: try KeyRing([new]), lifetime: .seconds(9)), token) == nil)
    }

    /// Nobody is looked up for a token that the app did not make.
    @Test func `with any character changed it is none, and nobody is asked for`() async throws {
        let token = Array(try resets.token(for: "7", state: "$scrypt$1", now: Self.now).utf8)
        for index in token.indices {
            for other in "AQgw-_=.".utf8 where other != token[index] {
                var changed = token
                changed[index] = other
                let text = String(decoding: changed, as: UTF8.self)
                let subject = await resets.subject(of: text, now: Self.now) { _ in
                    Issue.record("asked about \(text)")
                    return "$scrypt$1"
                }
                #expect(subject == nil)
            }
            for part in [token.prefix(index), token.dropFirst(index + 1)] {
                #expect(await subject(resets, String(decoding: part, as: UTF8.self)) == nil)
            }
        }
        for text in ["", "=", String(repeating: "A", count: 100_000)] { #expect(await subject(resets, text) == nil) }
    }

    @Test func `what is thrown on the way is thrown`() async throws {
        let token = try resets.token(for: "7", state: "1", now: Self.now)
        await #expect(throws: KeyRingError.self) {
            try await resets.subject(of: token, now: Self.now) { _ in throw KeyRingError(problem: "") }
        }
        #expect(throws: OneTimeTokenError.self) {
            try resets.token(for: String(repeating: "x", count: 513), state: "", now: Self.now)
        }
    }
}

@Suite struct APIKeyTests {
    @Test func `a key has a prefix, a secret and a checksum`() throws {
        let key = try APIKey(prefix: "shop_live")
        #expect(key.text.wholeMatch(of: /shop_live_[0-9A-Za-z]{40}/) != nil)
        #expect(key.hint == String(key.text.prefix(14)))
        #expect(try APIKey(prefix: "shop_live").text != key.text)
        let read = try #require(APIKey(key.text))
        #expect(read.prefix == "shop_live" && read.hash == key.hash && read.matches(key.hash))
        #expect(!read.matches(try APIKey(prefix: "shop_live").hash) && !read.matches(""))
        #expect(key.hash.wholeMatch(of: /[0-9a-f]{64}/) != nil)
    }

    @Test func `with any character changed it is none`() throws {
        let text = Array(try APIKey(prefix: "k").text.utf8)
        for index in text.indices {
            for other in "0Az_ ".utf8 where other != text[index] {
                var changed = text
                changed[index] = other
                #expect(APIKey(String(decoding: changed, as: UTF8.self)) == nil)
            }
            #expect(APIKey(String(decoding: text.prefix(index), as: UTF8.self)) == nil)
        }
        let others = [
            "", "_", "k_", String(decoding: text, as: UTF8.self) + "0", String(repeating: "a_", count: 50_000),
        ]
        for text in others { #expect(APIKey(text) == nil) }
    }

    @Test(arguments: ["", "_", "_a", "a_", "a b", "ü", "a-b", "a\n", String(repeating: "a", count: 21)])
    func `a prefix has letters, digits and lines`(prefix: String) {
        #expect(throws: APIKeyError.self) { try APIKey(prefix: prefix) }
    }

    /// The checksum is the one of zip files (CRC-32), so that others can hold keys against it.
    @Test func `the checksum is CRC-32`() {
        // 0x50824F99 in 62 digits, of Python's zlib.crc32.
        #expect(APIKey("k_00000000000000000000000000000000001TPTHV") != nil)
    }

    @Test func `no log has the key`() throws {
        let key = try APIKey(prefix: "k")
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == key.hint + "…" && !dumped.contains(key.text))
    }
}
