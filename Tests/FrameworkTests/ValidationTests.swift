import Martlet
import MartletTesting
import NIOCore
import Testing

private let evenNumber = Rule<Int>.check("must be even") { $0.isMultiple(of: 2) }
private let oddWord = Rule<String> { $0.count.isMultiple(of: 2) ? "has \($0.count) letters" : nil }
private let code = Rule.pattern(/[A-Z]{2}\d+/, maxBytes: 8, "must be like AB12")
private let freeName = Rule<String>.check("is taken") { name, ctx in
    let names = try ctx.services.resolve(TakenNames.self)
    await Task.yield()
    return await names.isFree(name)
}

private actor TakenNames {
    private var asked: [String] = []
    func isFree(_ name: String) -> Bool {
        asked.append(name)
        return name != "ada"
    }
    var questions: [String] { asked }
}

private struct Article: Decodable, Validatable, Sendable {
    let name: String
    let price: Double

    static let rules: Rules = [.field(\.name, .length(1...20)), .field(\.price, .range(0...1000))]
}

private struct Basket: Decodable, Validatable, Sendable {
    struct Address: Decodable, Validatable, Sendable {
        let zipCode: String
        static let rules: Rules = [.field(\.zipCode, as: "zip_code", .length(5...5))]
        enum CodingKeys: String, CodingKey { case zipCode = "zip_code" }
    }
    let email: String
    let age: Int?
    let tags: [String]?
    let address: Address?
    let items: [Article]
    let byName: [String: Article]?

    static let rules: Rules = [
        .field(\.email, .email),
        .field(\.age, .range(18...)),
        .field(\.tags, .count(...2), .each(.length(...3))),
        .field(\.items, .count(1...3)),
        .check("email", "must be longer than the list") { $0.email.count > $0.items.count },
    ]
}

/// Has no rules itself.
private struct Envelope: Decodable, Sendable {
    let baskets: [Basket]
}

private struct Comment: Decodable, Validatable, Sendable {
    let text: String
    let replies: [Comment]?
    static let rules: Rules = [.field(\.text, .length(1...))]
}

private struct Period: Decodable, Validatable, Sendable {
    enum Unit: String, Decodable, CaseIterable, Sendable { case days, weeks }
    let unit: Unit
    let first: Int
    let last: Int
    static let rules: Rules = [
        .field(\.last, .range(...100)),
        .check("last", "must not be before the first") { $0.first <= $0.last },
    ]
}

private struct Member: Decodable, Validatable, Sendable {
    let name: String
    let other: String
    let age: Int
    static let rules: Rules = [
        .field(\.name, .length(...5), freeName), .field(\.other, freeName),
        .check("", "must not be themselves") { member, ctx async in member.name != "self" },
    ]
}

@Controller("valid")
private struct ValidController {
    @GET func list(
        @Valid(.range(1...100)) limit: Int = 20, @Query("q") @Valid(.length(2...5), oddWord) text: String?,
        @Valid(evenNumber) even: Int = 1, @Valid(.oneOf(Color.red)) color: Color?,
        @Valid(.count(...2), .each(.range(...9))) ids: [Int], @Header @Valid(.length(...3)) xTag: String?,
        @Cookie @Valid(.length(3...)) theme: String = ""
    ) -> String { "\(limit) \(text ?? "-") \(even) \(ids)" }
    @GET("at/{id}") func at(@Valid(.range(...9)) id: Int) -> String { "\(id)" }
    @GET func coded(@Valid(code) code: String) -> String { code }
    @GET func text(@Valid(.length(2...4)) text: String) -> String { text }
    @GET func mail(@Valid(.email) email: String) -> String { email }
    @GET func link(@Valid(.url) url: String) -> String { url }
    @POST func basket(@Body basket: Basket, @Query page: Int = 1) -> String { basket.email }
    @POST func part(basket: Basket) -> String { basket.email }
    @POST func baskets(@Body baskets: [Basket]) -> String { "\(baskets.count)" }
    @POST func envelope(@Body envelope: Envelope) -> String { "\(envelope.baskets.count)" }
    @POST func comment(@Body comment: Comment) -> String { comment.text }
    @POST func period(@Body period: Period) -> String { "\(period.last)" }
    @POST func join(@Body member: Member) -> String { member.name }
    @POST func rename(@Valid(freeName) name: String, age: Int) async -> String { name }
}

@Controller("misnamed")
private struct MisnamedController {
    struct Body: Decodable, Validatable, Sendable {
        let text: String
        var length: Int { text.count }
        static let rules: Rules = [.field(\.length, .range(1...))]
    }
    @POST func send(@MartletCore.Body body: Body) {}
}

/// Values that could be read, and are not allowed.
@Suite struct ValidationTests {
    private let names = TakenNames()
    private let client: TestClient
    init() throws {
        client = try TestHost(controllers: ValidController.self, services: names).client()
    }

    @Test(arguments: [
        ("limit=0", ["limit": ["must be from 1 to 100"]]),
        ("q=a", ["q": ["must have from 2 to 5 characters"]]),
        ("q=ab", ["q": ["has 2 letters"]]),
        ("q=abcdef", ["q": ["must have from 2 to 5 characters", "has 6 letters"]]),
        ("even=3", ["even": ["must be even"]]),
        ("color=darkBlue", ["color": ["must be one of: red"]]),
        ("ids=1&ids=2&ids=3", ["ids": ["must have at most 2 elements"]]),
        ("ids=10&ids=2", ["ids[0]": ["must be at most 9"]]),
        (
            "limit=101&q=a&even=3",
            [
                "limit": ["must be from 1 to 100"], "q": ["must have from 2 to 5 characters"], "even": ["must be even"],
            ]
        ),
    ])
    func `a rule that a parameter breaks is 422`(query: String, errors: [String: [String]]) async throws {
        let response = try await client.get("/valid/list?\(query)")
        #expect(response.status == .unprocessableContent)
        #expect(try response.problem().errors == errors)
        #expect(try response.problem().detail == "The request has fields whose values are not allowed.")
    }

    @Test func `rules hold wherever a parameter comes from`() async throws {
        let tag = try #require(HTTPField.Name("X-Tag"))
        let response = try await client.get("/valid/list", headers: [tag: "long", .cookie: "theme=x"])
        #expect(
            try response.problem().errors == [
                "x-tag": ["must have at most 3 characters"], "theme": ["must have at least 3 characters"],
            ])
        #expect(try await client.get("/valid/at/10").problem().errors == ["id": ["must be at most 9"]])
    }

    @Test func `a default and nil keep all rules`() async throws {
        #expect(try await client.get("/valid/list").text == "20 - 1 []")
        #expect(try await client.get("/valid/list?limit=100&q=abc&even=2&ids=9").text == "100 abc 2 [9]")
    }

    @Test func `what breaks a rule is told beside what cannot be read, with 400`() async throws {
        let response = try await client.get("/valid/list?limit=0&even=x")
        #expect(response.status == .badRequest)
        #expect(
            try response.problem().errors == ["limit": ["must be from 1 to 100"], "even": ["must be a whole number"]])
    }

    @Test(arguments: [
        ("AB12", true), ("AB", false), ("xAB12", false), ("AB12x", false), ("AB1234567", false), ("", false),
    ])
    func `a pattern is for the whole text`(text: String, fits: Bool) async throws {
        let response = try await client.get("/valid/coded?code=\(text)")
        #expect(response.status == (fits ? .ok : .unprocessableContent))
    }

    @Test(arguments: [
        ("ab", true), ("abcd", true), ("漢字", true), ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", true), ("a", false), ("", false),
        ("abcde", false), ("ab" + String(repeating: "\u{301}", count: 200), false),
    ])
    func `a length is in characters, none of which hides a book`(text: String, fits: Bool) async throws {
        let response = try await client.get("/valid/text?text=\(text.percentEncoded)")
        #expect(response.status == (fits ? .ok : .unprocessableContent))
    }

    @Test(arguments: [
        ("a@b", true), ("ada.lovelace+x@example.co.uk", true), ("a@b-c.de", true), ("", false), ("a", false),
        ("@b", false), ("a@", false), ("a@b@c", false), ("a b@c", false), ("a@-b", false), ("a@b-", false),
        ("a@b..c", false), ("a@b.", false), ("a@\(String(repeating: "b", count: 64))", false), ("ä@b.de", false),
        ("a@b.de\n", false), (String(repeating: "a", count: 250) + "@b.de", false),
    ])
    func `an e-mail address is what browsers take`(text: String, fits: Bool) async throws {
        let response = try await client.get("/valid/mail?email=\(text.percentEncoded)")
        #expect(response.status == (fits ? .ok : .unprocessableContent), "\(text)")
    }

    @Test(arguments: [
        ("http://a", true), ("https://a.b/c?d#e", true), ("HTTP://a:80/", true), ("ftp://a", false), ("//a", false),
        ("a", false), ("http://", false), ("http:a", false), ("javascript:alert(1)", false), ("http:///a", false),
        ("http://a/" + String(repeating: "b", count: 2048), false),
    ])
    func `a URL is absolute, for browsers`(text: String, fits: Bool) async throws {
        let response = try await client.get("/valid/link?url=\(text.percentEncoded)")
        #expect(response.status == (fits ? .ok : .unprocessableContent), "\(text)")
    }

    // MARK: - Types

    private static let good = #"{"email":"a@b.de","items":[{"name":"x","price":1}]}"#

    private func post(_ target: String, _ json: String) async throws -> TestResponse {
        try await client.send(json, as: "application/json", to: "/valid/\(target)")
    }

    @Test func `a struct that keeps its rules is taken`() async throws {
        #expect(try await post("basket", Self.good).text == "a@b.de")
        #expect(try await post("part", #"{"basket":\#(Self.good)}"#).text == "a@b.de")
        #expect(try await post("baskets", "[\(Self.good)]").text == "1")
        #expect(try await post("envelope", #"{"baskets":[\#(Self.good)]}"#).text == "1")
    }

    private static let bad = """
        {"email":"ab","age":17,"tags":["abcd"],"address":{"zip_code":"1"},
        "items":[{"name":"x","price":1},{"name":"","price":-1}],"byName":{"y":{"name":"y","price":1001}}}
        """

    @Test(arguments: [
        ("basket", bad, ""), ("part", #"{"basket":\#(bad)}"#, "basket."), ("baskets", "[\(good),\(bad)]", "[1]."),
        ("envelope", #"{"baskets":[\#(good),\#(bad)]}"#, "baskets[1]."),
    ])
    func `every rule that is broken is told under its field's path`(target: String, json: String, prefix: String)
        async throws
    {
        let response = try await post(target, json)
        #expect(response.status == .unprocessableContent)
        let expected = [
            "email": ["must be an e-mail address", "must be longer than the list"], "age": ["must be at least 18"],
            "tags[0]": ["must have at most 3 characters"], "address.zip_code": ["must have exactly 5 characters"],
            "items[1].name": ["must have from 1 to 20 characters"],
            "items[1].price": ["must be from 0.0 to 1000.0"], "byName.y.price": ["must be from 0.0 to 1000.0"],
        ]
        let prefixed = Dictionary(uniqueKeysWithValues: expected.map { (prefix + $0, $1) })
        #expect(try response.problem().errors == prefixed)
    }

    @Test func `one round tells what cannot be read and what breaks a rule`() async throws {
        let response = try await client.send(
            #"{"email":"ab","age":"x","items":[{"name":"","price":"y"},{"name":"z","price":-1}]}"#,
            as: "application/json", to: "/valid/basket?page=z")
        #expect(response.status == .badRequest)
        #expect(
            try response.problem().errors == [
                "email": ["must be an e-mail address"], "age": ["must be a whole number"],
                "items[0].name": ["must have from 1 to 20 characters"], "items[0].price": ["must be a number"],
                "items[1].price": ["must be from 0.0 to 1000.0"], "page": ["must be a whole number"],
            ])
    }

    @Test(arguments: [
        (#"{}"#, ["email": ["is required"], "items": ["is required"]]),
        (#"{"items":[]}"#, ["email": ["is required"], "items": ["must have from 1 to 3 elements"]]),
        (#"{"email":"a@b.de","items":5,"age":1}"#, ["items": ["must be an array"], "age": ["must be at least 18"]]),
    ])
    func `a placeholder breaks no rule`(json: String, errors: [String: [String]]) async throws {
        let response = try await post("basket", json)
        #expect(response.status == .badRequest)
        #expect(try response.problem().errors == errors)
    }

    @Test(arguments: [
        ("unit=days&first=1&last=2", nil), ("unit=days&first=2&last=1", ["last": ["must not be before the first"]]),
        ("unit=years&first=2&last=1", ["unit": ["must be one of: days, weeks"]]),
        (
            "unit=years&first=2&last=101",
            [
                "unit": ["must be one of: days, weeks"], "last": ["must be at most 100"],
            ]
        ),
    ])
    func `a rule of several fields is asked where all could be read`(form: String, errors: [String: [String]]?)
        async throws
    {
        let response = try await client.send(form, as: "application/x-www-form-urlencoded", to: "/valid/period")
        guard let errors else { return #expect(response.status == .ok) }
        #expect(try response.problem().errors == errors)
    }

    @Test func `a type may stand inside itself`() async throws {
        let depth = 100
        let open = String(repeating: #"{"text":"x","replies":["#, count: depth)
        let close = String(repeating: "]}", count: depth)
        let response = try await post("comment", open + #"{"text":""}"# + close)
        let path = Array(repeating: "replies[0]", count: depth).joined(separator: ".")
        #expect(try response.problem().errors == ["\(path).text": ["must not be empty"]])
    }

    @Test func `what is deep and wide is gone through in good time`() async throws {
        let depth = 200
        let open = String(repeating: #"{"text":"x","replies":["#, count: depth)
        let wide = Array(repeating: #"{"text":"x"}"#, count: 2_000).joined(separator: ",")
        let response = try await post(
            "comment", open + wide + #",{"text":""}"# + String(repeating: "]}", count: depth))
        #expect(try response.problem().errors?.keys.first?.hasSuffix("replies[0].replies[2000].text") == true)
    }

    @Test func `a long array is not gone through, and at most 50 errors are told`() async throws {
        let item = #"{"name":"","price":-1}"#
        let many = Array(repeating: item, count: 2_000).joined(separator: ",")
        let basket = try await post("basket", #"{"email":"a@b.de","items":[\#(many)]}"#)
        #expect(
            try basket.problem().errors == [
                "items": ["must have from 1 to 3 elements"], "email": ["must be longer than the list"],
            ])

        let comments = Array(repeating: #"{"text":""}"#, count: 2_000).joined(separator: ",")
        let problem = try await post("comment", #"{"text":"x","replies":[\#(comments)]}"#).problem()
        #expect(problem.errors?.count == 50)
        #expect(problem.detail?.contains("Only the first 50 errors are listed.") == true)
    }

    // MARK: - Rules that ask

    @Test func `a rule may ask a service, once nothing else is wrong with the field`() async throws {
        let taken = try await post("join", #"{"name":"ada","other":"bob","age":1}"#)
        #expect(taken.status == .unprocessableContent)
        #expect(try taken.problem().errors == ["name": ["is taken"]])
        #expect(await names.questions == ["ada", "bob"])

        let both = try await post("join", #"{"name":"toolong","other":"ada","age":1}"#)
        #expect(
            try both.problem().errors == ["name": ["must have at most 5 characters"], "other": ["is taken"]])
        #expect(await names.questions == ["ada", "bob", "ada"])
        #expect(
            try await post("join", #"{"name":"self","other":"b","age":1}"#).problem().errors == [
                "": ["must not be themselves"]
            ])
        #expect(try await post("join", #"{"name":"bob","other":"b","age":1}"#).text == "bob")
    }

    @Test func `a rule asks about what could be read even where another field could not`() async throws {
        let response = try await post("join", #"{"name":"ada","other":"bob","age":"x"}"#)
        #expect(response.status == .badRequest)
        #expect(try response.problem().errors == ["name": ["is taken"], "age": ["must be a whole number"]])
    }

    @Test func `a parameter's rule may ask, too`() async throws {
        let response = try await client.post("/valid/rename", form: ["name": "ada", "age": "x"])
        #expect(try response.problem().errors == ["name": ["is taken"], "age": ["must be a whole number"]])
        #expect(try await client.post("/valid/rename", form: ["name": "bob", "age": "1"]).text == "bob")
    }

    // MARK: - Start-up

    @Test func `a rule for what has no name on the wire ends the start-up`() {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: MisnamedController.self) }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(sentence.contains("The rules of Body at FrameworkTests/ValidationTests.swift:"), "\(sentence)")
        #expect(sentence.hasSuffix(#"so its name on the wire is not known: say .field(…, as: "name")."#))
    }
}
