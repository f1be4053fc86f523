@testable import MartletCore
import Martlet
import MartletTesting
import Testing

private struct Order: Decodable, Validatable, Sendable {
    let size: Int
    let code: String
    static let rules: Rules = [
        .field(\.size, .range(1...9)), .field(\.code, .length(...3)), .check("", "is odd") { $0.size != 5 },
    ]
}

@Controller("told")
private struct ToldController {
    @POST func order(@Body order: Order, @Query ids: [Int8]) -> String { order.code }
    @GET func plain() throws -> String { throw HTTPError(.gone) }
    @GET func missing() throws -> String { throw HTTPError(.notFound, "There is no such order.") }
}

/// What clients are told, in their language.
@Suite struct MessagesTests {
    private func problem(
        _ form: String, query: String = "", language: String?, configure: (inout AppBuilder) throws -> Void = { _ in }
    ) async throws -> ReceivedProblem {
        let client = try TestHost(controllers: ToldController.self, configure: configure).client()
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        headers[.acceptLanguage] = language
        return try await client.request(.post, "/told/order\(query)", headers: headers, body: .init(string: form))
            .problem()
    }

    @Test(
        arguments: [
            (nil, "is required"), ("", "is required"), ("en", "is required"), ("zh", "必填"), ("zh-CN,zh;q=0.9", "必填"),
            ("zh-Hans-CN", "必填"), ("ZH", "必填"), ("fr, zh;q=0.5", "必填"), ("en;q=0.5, zh;q=0.9", "必填"),
            ("zh;q=0", "is required"), ("en, zh", "is required"), ("zh;q=0.1, en;q=0.1", "必填"), ("zhx", "is required"),
            ("fr", "is required"), ("*", "is required"), (",;-", "is required"),
        ] as [(String?, String)])
    func `the language is the one that the client likes best`(language: String?, message: String) async throws {
        #expect(try await problem("size=1", language: language).errors == ["code": [message]])
    }

    @Test func `messages are Chinese in all their parts`() async throws {
        let unread = try await problem("size=x", query: "?ids=300&ids=1", language: "zh")
        #expect(
            unread.errors == [
                "size": ["必须是整数"], "code": ["必填"], "ids": ["每一项必须是-128 到 127 之间的整数"],
            ])
        #expect(unread.detail == "请求中有缺失或无效的字段。")
        let ruled = try await problem("size=10&code=abcd", language: "zh")
        #expect(ruled.errors == ["size": ["必须在 1 到 9 之间"], "code": ["最多 3 个字符"]])
        #expect(ruled.detail == "请求中有字段的值不符合要求。")
        let json = try await problem(#"{"a":1}"#, language: "zh")
        #expect(json.detail?.hasPrefix("请求中有缺失或无效的字段。请求体看起来是 JSON") == true)
    }

    @Test func `an app replaces texts, and brings languages`() async throws {
        let configure: (inout AppBuilder) throws -> Void = { app in
            app.messages.add(["is required": "cannot be blank", "is odd": "is a strange size"], for: "en")
            app.messages.add(
                ["must be from {min} to {max}": "muss zwischen {min} und {max} liegen", "is odd": "ist ungerade"],
                for: "de")
            app.messages.add(["is odd": "很奇怪"], for: "zh")
        }
        #expect(
            try await problem("size=1", language: nil, configure: configure).errors == ["code": ["cannot be blank"]])
        #expect(
            try await problem("size=5&code=x", language: nil, configure: configure).errors == [
                "": ["is a strange size"]
            ])
        #expect(try await problem("size=5&code=x", language: "zh", configure: configure).errors == ["": ["很奇怪"]])
        #expect(
            try await problem("size=10&code=abcd", language: "de-AT", configure: configure).errors == [
                "size": ["muss zwischen 1 und 9 liegen"], "code": ["must have at most 3 characters"],
            ])
        let german = try await problem("size=5&code=x", language: "fr") { app in
            try configure(&app)
            app.messages.defaultLanguage = "DE"
        }
        #expect(german.errors == ["": ["ist ungerade"]])
    }

    @Test func `the detail of the app's own errors is a message, too`() async throws {
        let client = try TestHost(controllers: ToldController.self) { app in
            app.messages.add(["There is no such order.": "没有这个订单。"], for: "zh")
        }.client()
        #expect(try await client.get("/told/missing", headers: [.acceptLanguage: "zh"]).problem().detail == "没有这个订单。")
        #expect(try await client.get("/told/missing").problem().detail == "There is no such order.")
    }

    @Test(
        arguments: [
            ("missing", nil, nil), ("missing", "zh", "zh"), ("missing", "ZH-hans", "zh"), ("missing", "fr", nil),
            ("order", "zh", "zh"), ("order", "en", nil),
        ] as [(String, String?, String?)])
    func `an error says in which language it is told, and that others are told in theirs`(
        action: String, asked: String?, language: String?
    ) async throws {
        let client = try TestHost(controllers: ToldController.self) { app in
            app.messages.add(["There is no such order.": "没有这个订单。"], for: "zh")
        }.client()
        for (accept, vary) in [("*/*", ["Accept-Language"]), ("text/html", ["Accept", "Accept-Language"])] {
            var headers: HTTPFields = [.accept: accept]
            headers[.acceptLanguage] = asked
            let response = try await client.request(
                action == "order" ? .post : .get, "/told/\(action)", headers: headers)
            #expect(response.headers[.contentLanguage] == language)
            #expect(response.headers[values: .vary] == vary)
        }
    }

    @Test func `an error without a text is the same in every language`() async throws {
        let response = try await TestHost(controllers: ToldController.self).client()
            .get("/told/plain", headers: [.acceptLanguage: "zh"])
        #expect(response.status == .gone)
        #expect(response.headers[.contentLanguage] == nil)
        #expect(response.headers[.vary] == nil)
    }

    @Test func `a text with a place that the English one has not ends the start-up`() {
        let error = #expect(throws: StartupError.self) {
            try TestHost(controllers: ToldController.self) { app in
                app.messages.add(["must be at least {min}": "muss {minimum} sein"], for: "de")
            }
        }
        #expect(
            error.map { "\($0)" }
                == "The message 'muss {minimum} sein' has {minimum}, which 'must be at least {min}' has not.")
    }

    @Test(
        arguments: [
            ("a {x} c", "a b c", ["x": "b"]), ("a {x}", "a b c", ["x": "b c"]),
            ("{x}, {y}", "1, 2", ["x": "1", "y": "2"]),
            ("a {x} c", "a c", nil), ("a {x}", "b c", nil), ("a {x} c", "a b d", nil), ("a {x} c", "a b c d", nil),
            ("a {x}", "a ", nil), ("a {", "a {", [:]), ("a }{x}", "a }b", ["x": "b"]),
        ] as [(String, String, [String: String]?)])
    func `a template finds its values`(template: String, text: String, values: [String: String]?) {
        #expect(MessageTemplate(template).values(in: text) == values)
    }
}
