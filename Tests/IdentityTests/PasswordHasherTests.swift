import Martlet
import Synchronization
import Testing

@testable import MartletIdentity

@Suite struct PasswordHasherTests {
    private let hasher = PasswordHasher(cost: .fast)

    @Test func `a hash is a PHC string with a salt of its own`() async throws {
        let hashes = [try await hasher.hash("correct horse"), try await hasher.hash("correct horse")]
        for hash in hashes {
            #expect(
                hash.rawValue.wholeMatch(of: /\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+\/]{22}\$[A-Za-z0-9+\/]{43}/) != nil)
            #expect(hash.format == "scrypt")
        }
        #expect(hashes[0] != hashes[1])
    }

    @Test(arguments: [
        ("correct horse", "correct horse", true), ("correct horse", "correct Horse", false),
        ("correct horse", "correct horse ", false), ("a\0b", "a\0b", true), ("a\0b", "a\0c", false),
        // Byte for byte: the accent by itself is another password than the letter with it.
        ("caf\u{E9}s", "caf\u{E9}s", true), ("caf\u{E9}s", "cafe\u{301}s", false),
        ("密码密码密码密码", "密码密码密码密码", true), ("x", "", false),
    ])
    func `the right password is right`(password: String, given: String, isRight: Bool) async throws {
        let hash = try await hasher.hash(password)
        #expect(try await hasher.verify(given, against: hash) == (isRight ? .right : .wrong))
    }

    @Test func `no byte of a long password is left out`() async throws {
        for length in [64, 72, 73, 128, 1000, PasswordHasher.maxBytes] {
            let password = String(repeating: "x", count: length)
            let hash = try await hasher.hash(password)
            #expect(try await hasher.verify(password, against: hash).isRight)
            #expect(try await hasher.verify(password.dropLast() + "y", against: hash) == .wrong)
            #expect(try await hasher.verify(String(password.dropLast()), against: hash) == .wrong)
        }
    }

    @Test func `what is empty or too long is not hashed`() async throws {
        let long = String(repeating: "x", count: PasswordHasher.maxBytes + 1)
        await #expect(throws: PasswordError.empty) { try await hasher.hash("") }
        await #expect(throws: PasswordError.tooLong) { try await hasher.hash(long) }
        let hash = try await hasher.hash("x")
        for password in ["", long] {
            #expect(try await hasher.verify(password, against: hash) == .wrong)
            #expect(try await hasher.verify(password, against: nil) == .wrong)
        }
    }

    /// RFC 7914 section 12, the third.
    @Test func `the vector of the RFC`() async throws {
        let text = """
            $scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$\
            cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw
            """
        let hash = PasswordHash(rawValue: text)
        #expect(try await hasher.verify("pleaseletmein", against: hash) == .rightNeedsRehash)
        #expect(try await hasher.verify("pleaseletmeinx", against: hash) == .wrong)
    }

    @Test func `a hash of another cost is made anew`() async throws {
        let cheap = try await PasswordHasher(cost: try ScryptCost(logN: 3)).hash("abc")
        #expect(try await hasher.verify("abc", against: cheap) == .rightNeedsRehash)
        #expect(try await hasher.verify("abd", against: cheap) == .wrong)
        let costly = try await PasswordHasher(cost: try ScryptCost(logN: 5, r: 4, p: 2)).hash("abc")
        #expect(try await hasher.verify("abc", against: costly) == .rightNeedsRehash)
    }

    /// Refused before anything is allocated: some would ask for more memory than there is.
    @Test(arguments: [
        "ln=30,r=8,p=1", "ln=17,r=1000000000,p=1", "ln=17,r=8,p=1000000000", "ln=20,r=16,p=16", "ln=63,r=1,p=1",
        "ln=18,r=8,p=1", "ln=0,r=8,p=1", "ln=17,r=0,p=1", "ln=17,r=8,p=0", "ln=4,r=17,p=1", "ln=16,r=1,p=1",
        "ln=17,r=8,p=16", "ln=9999999999,r=8,p=1",
    ])
    func `a hash that costs too much is refused`(parameters: String) async throws {
        let hash = PasswordHash(
            rawValue: "$scrypt$\(parameters)$AAAAAAAAAAAAAAAAAAAAAA$\(String(repeating: "A", count: 43))")
        await #expect(throws: PasswordError.tooCostly) { try await hasher.verify("abc", against: hash) }
    }

    @Test func `a store with costlier hashes says so`() async throws {
        let text = "$scrypt$ln=18,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"
        let hash = PasswordHash(rawValue: text + String(repeating: "A", count: 39))
        let verifier = ScryptVerifier(cost: .fast, maxMemory: try ScryptCost(logN: 18).memory)
        #expect(!verifier.isCurrent(hash))
        #expect(throws: Never.self) { try verifier.cost(of: PHCString(hash.rawValue)) }
        let standard = ScryptVerifier(cost: .fast, maxMemory: ScryptCost.standard.memory)
        #expect(throws: PasswordError.tooCostly) { try standard.cost(of: PHCString(hash.rawValue)) }
    }

    @Test(arguments: [
        "$scrypt$", "$scrypt$ln=4,r=8,p=1", "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=4,r=8,p=1$$",
        "$scrypt$ln=4,r=8$AAAAAAAAAAAAAAAAAAAAAA$HASH", "$scrypt$r=8,ln=4,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH",
        "$scrypt$ln=-4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH", "$scrypt$ln=04,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH",
        "$scrypt$ln=4,r=8,p=1,x=1$AAAAAAAAAAAAAAAAAAAAAA$HASH", "$scrypt$ln=4,r=8,p=1$AAAA$HASH",
        "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$HASH", "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$scrypt$ln=4,r=8,p=1$AAAA AAAAAAAAAAAAAAAAAA$HASH", "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH$",
        "$scrypt$ln=٤,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH",
        "$scrypt$ln=99999999999999999999,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH",
        "$scrypt$v=1$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$HASH",
    ])
    func `a hash that cannot be read is an error`(text: String) async throws {
        let text = text.replacing("HASH", with: String(repeating: "A", count: 43))
        await #expect(throws: PasswordError.malformedHash) {
            try await hasher.verify("abc", against: PasswordHash(rawValue: text))
        }
    }

    @Test(arguments: [
        "", "abc", "$", "$2b$12$abc", "$argon2id$v=19$m=1$a$b", "scrypt$ln=4", "$SCRYPT$ln=4,r=8,p=1$a$b",
    ])
    func `a hash of an unknown format is an error`(text: String) async throws {
        let hash = PasswordHash(rawValue: text)
        await #expect(throws: PasswordError.unknownFormat(hash.format)) {
            try await hasher.verify("abc", against: hash)
        }
    }

    /// No text of a store crashes the verifier, or is right for another password.
    @Test func `any change of a hash is wrong or an error`() async throws {
        let hash = try await hasher.hash("abc").rawValue
        let original = try PHCString(hash)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var bytes = Array(hash.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(Array("$=,0aA9".utf8).randomElement(using: &generator) ?? 0, at: index)
                default: bytes[index] = UInt8.random(in: 32...126, using: &generator)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            // A part of the hash is one, too, of 16 bytes at least.
            guard let phc = try? PHCString(text), !original.hash.starts(with: phc.hash) || phc.salt != original.salt
            else {
                continue
            }
            let verification = try? await hasher.verify("abc", against: PasswordHash(rawValue: text))
            #expect(verification?.isRight != true, "\(text)")
        }
    }

    /// Made with Python's hashlib.pbkdf2_hmac.
    @Test(arguments: [
        "sha256$1000$SALT$", "sha256$i=1000$SALT$", "sha256$i=1000,l=32$SALT$", "sha512$1000$SALT$",
    ])
    func `hashes of PBKDF2 are taken over`(beginning: String) async throws {
        let derived = [
            "sha256": "BBs.1.PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
            "sha512": """
            EHLBej+uEvxlmr0QnHnceg1vM6h1wbwSP5XErh3SmizNDWZsIi28RPGARe0EssjGRoiACzxgHjNvqwJY1zxKig
            """,
        ]
        let text = beginning.replacing("SALT", with: "c2FsdHNhbHRzYWx0c2FsdA")
        let hash = PasswordHash(rawValue: "$pbkdf2-" + text + (derived[String(text.prefix(6))] ?? ""))
        #expect(try await hasher.verify("correct horse", against: hash) == .rightNeedsRehash)
        #expect(try await hasher.verify("correct horsf", against: hash) == .wrong)
    }

    @Test(arguments: [
        ("1000000000", PasswordError.tooCostly), ("0", .tooCostly), ("i=5,l=31", .malformedHash), ("x", .malformedHash),
    ])
    func `a hash of PBKDF2 that asks for too much is refused`(parameters: String, error: PasswordError) async throws {
        let text = "$pbkdf2-sha256$\(parameters)$AAAAAAAAAAAAAAAAAAAAAA$\(String(repeating: "A", count: 43))"
        await #expect(throws: error) { try await hasher.verify("abc", against: PasswordHash(rawValue: text)) }
    }

    /// A format of another system.
    private struct Backwards: PasswordVerifier {
        let formats: Set<String> = ["backwards"]
        func isRight(_ password: String, for hash: PasswordHash) throws -> Bool {
            hash.rawValue == "$backwards$" + String(password.reversed())
        }
    }

    @Test func `an app brings verifiers of its own`() async throws {
        let hasher = PasswordHasher(cost: .fast, verifiers: [Backwards()])
        let hash = PasswordHash(rawValue: "$backwards$cba")
        #expect(try await hasher.verify("abc", against: hash) == .rightNeedsRehash)
        #expect(try await hasher.verify("cba", against: hash) == .wrong)
    }

    @Test func `a hash that is printed says nothing`() async throws {
        let hash = try await hasher.hash("abc")
        var dumped = ""
        dump([hash], to: &dumped)
        for text in ["\(hash)", String(reflecting: [hash]), dumped] {
            #expect(!text.contains("ln=4"), "\(text)")
        }
        #expect("\(PasswordHash(rawValue: "$" + String(repeating: "x", count: 1000)))".count < 40)
    }

    @Test func `a cost that scrypt does not allow is none`() {
        for (logN, r, p) in [
            (0, 8, 1), (21, 8, 1), (17, 0, 1), (17, 17, 1), (17, 8, 0), (16, 1, 1), (20, 16, 1), (17, 8, 9),
        ] {
            #expect(throws: PasswordError.tooCostly) { try ScryptCost(logN: logN, r: r, p: p) }
        }
        #expect(throws: Never.self) { try ScryptCost(logN: 20, r: 8, p: 1) }
    }
}
