import Martlet
import MartletTesting
import NIOCore
import Testing

/// What the documents say of their samples.
@Suite struct SampleTests {
    /// A request, and the answer that a document promises.
    struct Exchange: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let target: String
        var type = "application/x-www-form-urlencoded"
        var body = ""
        let status: Int
        let answer: String?
        var testDescription: String { "\(method) \(target) \(body)" }

        static func get(_ target: String, _ answer: String) -> Self { .get(target, 200, answer) }
        static func get(_ target: String, _ status: Int, _ answer: String?) -> Self {
            Self(method: .get, target: target, status: status, answer: answer)
        }
        static func send(
            _ method: HTTPRequest.Method, _ target: String, _ body: String, _ status: Int = 200, _ answer: String? = nil
        ) -> Self { Self(method: method, target: target, body: body, status: status, answer: answer) }
    }

    private static let exchanges: [Exchange] = [
        .get("/book", "all"),
        .get("/book/7", "book 7"),
        .get("/book/best-sellers", #"["Dune"]"#),
        .get("/book/newest", #"["Dune Messiah"]"#),
        .send(.post, "/book", "title=Dune", 201),
        .send(.put, "/book/7", "title=Dune", 200, "book 7 is now Dune"),
        .send(.patch, "/book/7", "title=Dune", 200, "book 7 is now Dune"),
        .send(.delete, "/book/7", "", 204),
        .send(.post, "/api/v1/files/upload", "12345", 200, #"{"bytes":5}"#),
        .get("/api/v1/files/at/a/b/c", "a/b/c"),
        .get("/about", "<h1>About</h1>"),
        .get("/api/v1/files/clean-up", 404, nil),
        .get("/book/", 308, nil),
        .send(.delete, "/about", "", 405),

        .get("/parameter/search?text=swift&page=2&tags=a&tags=b", #"swift, page 2, any order, ["a", "b"]"#),
        .get("/parameter/search?text=swift&order=newest", "swift, page 1, newest, []"),
        .get("/parameter/search?page=two&order=best", 400, nil),
        .send(.post, "/parameter/sign-up", "name=Ada&age=36", 200, "Ada, unknown, light"),
        Exchange(
            method: .post, target: "/parameter/sign-up", type: "application/json", body: #"{"name":"Ada"}"#,
            status: 200, answer: "Ada, unknown, light"),
        Exchange(
            method: .post, target: "/parameter/sign-up", type: "text/csv", body: "Ada", status: 415, answer: nil),
        .send(.post, "/parameter/mail?dry_run=true", "to=ada", 200, "ada, dry"),
        .get("/isbn/check?isbn=9780441013593", "9780441013593"),
        .get("/isbn/check?isbn=x", 400, nil),

        .get("/result/product", #"{"added":"1970-01-01T00:00:00Z","id":7}"#),
        .get("/result/find?id=8", 404, nil),
        .get("/result/saved", #"{"code":0,"msg":"saved","data":{"id":7}}"#),
        .send(.post, "/result/leave", "", 303),
        .send(.post, "/result/touch", "", 204),
        .get("/result/teapot", 418, "short and stout"),
        .get("/result/numbers", "1\n2\n3\n"),
        .get("/order/0", 409, nil),
    ]

    @Test(arguments: exchanges)
    func controllersAnswerAsDescribed(_ exchange: Exchange) async throws {
        let host = try TestHost(
            controllers: BookController.self, FileController.self, ParameterController.self, ISBNController.self,
            ResultController.self, OrderController.self)
        let response = try await host.client().request(
            exchange.method, exchange.target, headers: exchange.body.isEmpty ? [:] : [.contentType: exchange.type],
            body: ByteBuffer(string: exchange.body))
        #expect(response.status.code == exchange.status)
        if let answer = exchange.answer { #expect(response.text == answer) }
    }

    @Test func everythingWrongWithARequestIsReportedAtOnce() async throws {
        struct Problem: Decodable { let errors: [String: [String]] }
        let host = try TestHost(controllers: ParameterController.self)
        let response = try await host.client().get("/parameter/search?page=two&order=best")
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(Set(try response.json(Problem.self).errors.keys) == ["text", "page", "order"])
    }

    @Test func headersAndCookiesJoinTheResult() async throws {
        let host = try TestHost(controllers: ResultController.self)
        let response = try await host.client().get("/result/marked")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.setCookie] == "seen=yes; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")
    }

    @Test func aBlockingActionAnswers() async throws {
        let host = try TestHost(controllers: OrderController.self)
        #expect(try await host.client().get("/order/report").status == .ok)
    }

    @Test func theGuestbookTellsItsReaders() async throws {
        let host = try TestHost(Guestbook()) { $0.controllers(GuestbookController.self) }
        let client = host.client()
        let stream = try await client.stream("/guestbook/stream")
        let reply = try await client.post("/guestbook", json: ["message": "hello"])
        #expect(reply.text == #"{"code":0,"msg":"Thank you","data":null}"#)
        #expect(try await stream.next().data == "hello")
        #expect(try await client.get("/guestbook").text == #"["hello"]"#)
    }

    @Test func aRouteByNameLeadsToItsAction() async throws {
        let host = try TestHost(InviteApp())
        #expect(try await host.client().post("/old/invite", form: ["address": "ada@example.com"]).status == .ok)
    }

    @Test func aSessionLivesFromLoginToLogout() async throws {
        let client = try TestHost(LoginApp()).client()
        let login = try await client.post("/login", form: ["user_id": "7"])
        let cookie = try #require(login.headers[.setCookie])
        #expect(cookie.hasPrefix("martlet_session=") && cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
        #expect(try await client.get("/login/who").text == "7")
        try await client.post("/login/out", form: [:])
        #expect(client.cookies.isEmpty)
        #expect(try await client.get("/login/who").text == "nobody")
    }

    @Test func middlewareWrapsTheAppAndTheController() async throws {
        let client = try TestHost(AdminApp()).client()
        let refusal = try await client.get("/admin")
        #expect(refusal.status == .unauthorized)
        #expect(refusal.headers[.serverTiming]?.hasPrefix("app;dur=") == true)
        try await client.post("/login", form: ["user_id": "7"])
        #expect(try await client.get("/admin").text == "hello, 7")
    }

    @Test func rulesAreToldAsDescribed() async throws {
        struct Problem: Decodable { let errors: [String: [String]] }
        let client = try TestHost(ShopApp()) { $0.controllers(ArticleController.self) }.client()
        #expect(try await client.get("/article?q=dune").text == "20 of dune from 2")
        #expect(try await client.get("/article?page=3").status == .unprocessableContent)
        let order = #"{"email":"a@b.de","items":[{"article":"AB1","price":1},{"article":"AB1","price":-1}]}"#
        let response = try await client.request(
            .post, "/article/order", headers: [.contentType: "application/json"], body: ByteBuffer(string: order))
        #expect(response.status == .unprocessableContent)
        #expect(
            try response.json(Problem.self).errors == [
                "email": ["is not a customer"], "items[1].price": ["must be from 0.0 to 10000.0"],
            ])
    }

    @Test func aFormComesBackAsDescribed() async throws {
        let client = try TestHost(controllers: SignUpController.self).client()
        #expect(try await client.get("/sign-up").text.contains(#"<input name="email" value="">"#))
        let wrong = try await client.post("/sign-up", form: ["email": "<ada>", "password": "12345678", "again": "x"])
        #expect(wrong.status == .unprocessableContent)
        #expect(wrong.text.contains(#"<input name="email" value="&lt;ada&gt;">"#))
        #expect(wrong.text.contains("<p>must be an e-mail address</p>"))
        let good: KeyValuePairs = ["email": "ada@b.de", "password": "12345678", "again": "12345678"]
        #expect(try await client.post("/sign-up", form: good).status == .seeOther)
    }

    @Test func whatGoesOnBesideTheRequestsIsTested() async throws {
        let host = try TestHost(WeatherApp()) { $0.controllers(ForecastController.self) }
        try await host.start()
        try await host.client().get(ForecastController.links.index()).expect(.ok, text: "rain")
        await host.advance(by: .seconds(600))
        await host.shutDown()
        #expect(host.log.isEmpty)
    }

    @Test func limitsAreTheAppsToSet() throws {
        #expect(try TestHost(SettingsApp()).application.limits.maxBodyBytes == 10 * 1024 * 1024)
    }
}
