import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// Accounts as a browser has them: forms, pages and where they lead.
@Suite struct AccountPageTests {
    private let host: TestHost
    private let browser: TestClient
    private static let accept: HTTPFields = [.accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"]

    init() throws {
        host = try TestHost.example()
        browser = host.client(headers: Self.accept)
    }

    private func register(_ id: String = "ada", name: String = "Ada") async throws -> TestResponse {
        try await browser.post(
            "/account/register", form: ["user_id": id, "username": name, "password": "correct horse battery"])
    }

    @Test func `who is not signed in is sent to the sign-in page, and back from there`() async throws {
        let reply = try await browser.get("/account")
        #expect(reply.status == .seeOther)
        #expect(reply.headers[.location] == "/account/login?return-to=/account")
        let page = try await browser.get("/account/login?return-to=/account").expect(.ok).text
        #expect(page.contains(#"name="return_to" value="/account""#))
        _ = try await register()
        try await browser.post("/account/logout", form: [:]).expect(.seeOther)
        let back = try await browser.post(
            "/account/login",
            form: ["user_id": "ada", "password": "correct horse battery", "return_to": "/account"])
        #expect(back.headers[.location] == "/account")
    }

    @Test(arguments: ["//evil.example", "https://evil.example", #"/\evil.example"#])
    func `nobody is sent to another site`(_ target: String) async throws {
        _ = try await register()
        let reply = try await browser.post(
            "/account/login", form: ["user_id": "ada", "password": "correct horse battery", "return_to": target])
        #expect(reply.status == .seeOther)
        #expect(reply.headers[.location] == "/")
    }

    @Test func `registering leads to the account, which says so once`() async throws {
        let reply = try await register(name: "<b>Ada</b>")
        #expect(reply.status == .seeOther)
        #expect(reply.headers[.location] == "/account")
        let answer = try await browser.get("/account").expect(.ok).expect(header: .cacheControl, "no-store")
        let page = answer.text
        #expect(page.contains("已注册"))
        #expect(page.contains("&lt;b&gt;Ada&lt;/b&gt;") && !page.contains("<b>"))
        #expect(page.contains("本机"))
        #expect(try await !browser.get("/account").text.contains("已注册"))
    }

    @Test func `a form comes back with what was typed and what is wrong, but no password`() async throws {
        let short = try await browser.post(
            "/account/register", form: ["user_id": "\"><i>", "username": "Ada", "password": "short"])
        #expect(short.status == .unprocessableContent)
        #expect(short.text.contains("至少需要 8 个字符"))
        #expect(short.text.contains("value=\"&quot;&gt;&lt;i&gt;\"") && !short.text.contains("short\""))

        _ = try await register()
        let wrong = try await browser.post("/account/login", form: ["user_id": "ada", "password": "wrong password"])
        #expect(wrong.status == .unauthorized)
        #expect(wrong.text.contains("用户名或密码错误") && wrong.text.contains("value=\"ada\""))

        let change = try await browser.post(
            "/account/password", form: ["password": "wrong password", "new_password": "another horse battery"])
        #expect(change.status == .unprocessableContent)
        #expect(change.text.contains("当前密码 <span class=\"wrong\">不正确</span>"))
    }

    @Test func `a page of another site changes nothing`() async throws {
        _ = try await register()
        for site in ["cross-site", "same-site"] {
            var headers = Self.accept
            headers[HTTPField.Name("Sec-Fetch-Site")!] = site
            try await browser.post("/account/sign-out-everywhere", form: [:], headers: headers).expect(.forbidden)
        }
        try await browser.get("/account/profile").expect(.ok)
    }
}
