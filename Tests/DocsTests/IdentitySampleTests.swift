import Foundation
import Martlet
import MartletIdentity
import MartletTesting
import Testing

@Suite struct IdentitySampleTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func aMemberSignsIn() async throws {
        let host = try TestHost(MemberApp()) { app in app.services.add(PasswordHasher(cost: .fast)) }
        let client = host.client()
        func send(_ target: String, _ name: String, _ password: String) async throws -> (HTTPResponse.Status, String) {
            let response = try await client.post(target, form: ["name": name, "password": password])
            return (response.status, response.text)
        }
        #expect(try await send("/members", "ada", "password").0 == .unprocessableContent)
        #expect(try await send("/members", "lovelace", "lovelace12").0 == .unprocessableContent)
        #expect(try await send("/members", "ada", "analytical engine") == (.ok, "welcome"))
        #expect(try await send("/members/sign-in", "ada", "analytical engine") == (.ok, "hello"))
        let wrong = try await send("/members/sign-in", "ada", "difference engine")
        let nobody = try await send("/members/sign-in", "bob", "difference engine")
        #expect(wrong.0 == .unauthorized && nobody.0 == .unauthorized)
    }

    @Test func aSecondFactorCountsOnce() throws {
        var (factor, qrCode, toPrint) = turnOn(for: "ada@example.com")
        #expect(qrCode.hasPrefix("otpauth://totp/Shop:ada%40example.com?secret=\(factor.secret)&"))
        let code = try #require(TOTP(secret: factor.secret)).code(at: Self.now)
        #expect(isRight(code, for: &factor, now: Self.now))
        #expect(!isRight(code, for: &factor, now: Self.now))
        #expect(isRight(toPrint[3], for: &factor, now: Self.now))
        #expect(!isRight(toPrint[3], for: &factor, now: Self.now))
    }

    @Test func aLinkWorksOnce() async throws {
        let members = Members()
        await members.keep(PasswordHash(rawValue: "$scrypt$1"), of: "ada")
        let resets = PasswordResets(keys: .temporary(), members: members)
        #expect(try await resets.link(for: "bob", now: Self.now) == nil)
        let link = try #require(try await resets.link(for: "ada", now: Self.now))
        let token = String(link.drop { $0 != "=" }.dropFirst())
        #expect(await resets.name(for: token, now: Self.now + 3599) == "ada")
        await members.keep(PasswordHash(rawValue: "$scrypt$2"), of: "ada")
        #expect(await resets.name(for: token, now: Self.now) == nil)
    }

    @Test func aKeyIsFoundByItsHash() throws {
        let key = try newKey()
        #expect(storedHash(for: key.toShow) == key.toStore)
        #expect(storedHash(for: key.toList) == nil)
    }

    @Test func aCookieIsKept() async throws {
        let theme = try TestHost(controllers: ThemeController.self).client()
        let response = try await theme.post("/theme", form: ["name": "dark"])
        #expect(
            response.headers[.setCookie]
                == "__Host-theme=dark; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Strict")
        #expect(try await theme.get("/theme").text == "dark")

        let cart = try TestHost(CartApp()).client()
        #expect(try await cart.post("/cart", form: ["id": "1"]).text == "[1]")
        #expect(try await cart.post("/cart", form: ["id": "2"]).text == "[1,2]")
        try await cart.delete("/cart")
        #expect(cart.cookies.isEmpty)
    }

    @Test func aMessageOutlivesARedirect() async throws {
        let client = try TestHost(NoteApp()).client()
        let response = try await client.post("/notes", form: ["text": "milk"])
        #expect(response.headers[.location] == "/notes")
        #expect(try await client.get("/notes").text == "Saved.")
        #expect(try await client.get("/notes").text == "")
    }
}
