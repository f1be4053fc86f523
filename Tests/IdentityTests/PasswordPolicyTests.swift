import Martlet
import MartletTesting
import Testing

@testable import MartletIdentity

@Suite struct PasswordPolicyTests {
    private static let short = "must have at least 8 characters"
    private static let long = "must have at most 4096 bytes"
    private static let common = "is one of the most common passwords"
    private static let name = "must not be the name of the user"

    @Test(arguments: [
        ("", short), ("abcdefg", short), ("密码密码密码密", short), ("密码密码密码密码", nil), ("x7q-2pwz", nil),
        ("password", common), ("PassWord", common), ("PASSWORD1", common), ("12345678", common), ("iloveyou", common),
        ("password and some more", nil), ("        ", nil), ("correct horse battery staple", nil),
    ])
    func `a password is long, and none that is tried first`(password: String, problem: String?) {
        #expect(PasswordPolicy().problems(with: password) == (problem.map { [$0] } ?? []))
    }

    @Test func `64 characters of any kind are accepted, and a book is not`() {
        for character in ["x", "密", "👨‍👩‍👧‍👦", "e\u{301}"] {
            #expect(PasswordPolicy().problems(with: String(repeating: character, count: 64)) == [])
        }
        #expect(PasswordPolicy().problems(with: String(repeating: "x", count: 4096)) == [])
        #expect(PasswordPolicy().problems(with: String(repeating: "x", count: 4097)) == [Self.long])
    }

    @Test(arguments: [
        ("ada.lovelace", true), ("ADA.Lovelace", true), ("ada.lovelace1", true), ("123adalovelace", true),
        ("lovelaceada", true), ("ada@example.com", true), ("adaadaadaada", true), ("lovelace12", true),
        ("12345-u7", true),
        ("lovelace and her engine", false), ("analytical", false), ("correct horse", false), ("example-engine", false),
    ])
    func `a user's name is no secret`(password: String, isName: Bool) {
        let words = ["ada.lovelace", "ada@example.com", "12345-u7", ""]
        #expect(PasswordPolicy(refusesCommon: false).problems(with: password, of: words) == (isName ? [Self.name] : []))
    }

    @Test func `no word makes every password one`() {
        for word in ["", "a", "..", String(repeating: "x", count: 100_000)] {
            #expect(PasswordPolicy().problems(with: "qz7-ha..a.a-9", of: [word]) == [])
        }
    }

    @Test func `words that somebody made up take no time`() {
        let word = String(repeating: "a", count: 63) + "b"
        let words = (0..<10_000).map { "\(word)\($0)" } + [String(repeating: "a.", count: 100_000)]
        for length in [120, 4096] {
            let password = String(repeating: "a", count: length)
            let time = ContinuousClock().measure {
                #expect(PasswordPolicy().problems(with: password, of: words) == [])
            }
            #expect(time < .seconds(1))
        }
    }

    @Test func `a policy of an app's own`() {
        #expect(PasswordPolicy(minLength: 15).problems(with: "correct horse") == ["must have at least 15 characters"])
        #expect(PasswordPolicy(refusesCommon: false).problems(with: "password") == [])
    }

    @Test func `the list has 3,000, each of which could be chosen otherwise`() {
        #expect(CommonPasswords.count == 3000)
        let policy = PasswordPolicy(refusesCommon: false)
        #expect(CommonPasswords.all.filter { !policy.problems(with: $0).isEmpty } == [])
        // As it is looked up, in lower case.
        #expect(CommonPasswords.all.filter { $0 != $0.lowercased() } == [])
    }

    @Controller("choice")
    struct ChoiceController {
        @POST func choose(@Valid(.password) password: String) -> String { "ok" }
    }

    @Test(arguments: [("en", common), ("zh-CN", "是最常见的密码之一")])
    func `it is a rule of a field, in the client's language`(language: String, message: String) async throws {
        let client = try TestHost(controllers: ChoiceController.self).client()
        let response = try await client.request(
            .post, "/choice/choose", headers: [.acceptLanguage: language], form: ["password": "password"])
        #expect(response.status == .unprocessableContent)
        #expect(response.text.contains(message))
        #expect(try await client.post("/choice/choose", form: ["password": "x7q-2pwz"]).text == "ok")
    }
}
