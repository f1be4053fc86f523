import Martlet
import MartletTesting
import NIOCore
import Testing

@Controller("fields")
struct FieldController {
    @GET func camel(userId: Int) -> Int { userId }
    @GET func snake(user_id: Int) -> Int { user_id }
    @GET func acronym(pageURL: String) -> String { pageURL }
    @GET("place/{user_id}") func camelPlace(userId: Int) -> Int { userId }
    @GET("snake-place/{userId}") func snakePlace(user_id: Int) -> Int { user_id }
    @GET func defaults(page: Int = 1, size: Int = 20, q: String = "all") -> String { "\(page) \(size) \(q)" }
    @POST func posted(page: Int = 1, name: String) -> String { "\(page) \(name)" }
    @GET func optional(page: Int?, q: String?) -> String {
        "\(page.map(String.init) ?? "nil") \(q.map { "'\($0)'" } ?? "nil")"
    }
    @ANY func arrays(ids: [Int], colors: [Color], names: [String]?) -> String {
        "\(ids) \(colors.map(\.rawValue)) \(names.map { "\($0)" } ?? "nil")"
    }
    @POST func sources(@Query page: Int, @Body name: String, @Header userAgent: String, @Cookie theme: String) -> String
    {
        "\(page) \(name) \(userAgent) \(theme)"
    }
    @GET func named(
        @Query("q") text: String, @Header("X-B3-TraceId") trace: String?, @Header("ETag") tag: String?,
        @Cookie("__Host-id") id: String?
    ) -> String { "\(text) \(trace ?? "-") \(tag ?? "-") \(id ?? "-")" }
    @GET func header(@Header xForwardedFor: String?) -> String { xForwardedFor ?? "-" }
    @GET func needsHeader(@Header userAgent: String) -> String { userAgent }
    @DELETE func remove(@Body reason: String) -> String { reason }
    @ANY("any-body") func anyBody(@Body reason: String) -> String { reason }
    @GET func several(a: Int, b: Bool, c: Color, d: [Int], @Header e: Double, @Cookie f: Int) -> String { "never" }
    @GET("range/{from}/{to}") func range(from: Int, to: Int, step: Int) -> String { "never" }
    @POST func echo(text: String) -> String { text }
    @POST func small(text: String) -> String { text }
    @POST("limited", maxBodyBytes: 16) func limited(text: String) -> String { text }
    @GET("maybe/{id?}") func maybe(id: Int?) -> String { id.map { "\($0)" } ?? "none" }
}

/// How parameters find their fields, whatever the type.
@Suite struct FieldBindingTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: FieldController.self).client() }

    @Test(arguments: [
        "camel?userId=7", "camel?user_id=7", "camel?user-id=7", "snake?user_id=7", "snake?user-id=7", "place/7",
        "snake-place/7",
    ])
    func `a parameter goes by its name in any of three spellings`(target: String) async throws {
        #expect(try await client.get("/fields/\(target)").text == "7")
    }

    @Test(arguments: ["camel?userID=7", "camel?USER_ID=7", "camel?userid=7"])
    func `no other spelling matches`(target: String) async throws {
        let response = try await client.get("/fields/\(target)")
        #expect(response.status == .badRequest)
        #expect(try response.problem().errors == ["user_id": ["is required"]])
    }

    @Test func `an absent field goes by its name on the wire in errors`() async throws {
        #expect(try await client.get("/fields/snake").problem().errors == ["user_id": ["is required"]])
        #expect(try await client.get("/fields/acronym").problem().errors == ["page_url": ["is required"]])
        #expect(try await client.get("/fields/needs-header").problem().errors == ["user-agent": ["is required"]])
    }

    @Test(arguments: [
        ("", "1 20 all"), ("?page=3", "3 20 all"), ("?size=5&page=2&q=", "2 5 "), ("?other=1", "1 20 all"),
        ("?page=&size=", "1 20 all"),
    ])
    func `a default stands for an absent field`(query: String, expected: String) async throws {
        #expect(try await client.get("/fields/defaults\(query)").text == expected)
    }

    @Test func `a default does not stand for a field that is wrong`() async throws {
        #expect(try await client.get("/fields/defaults?page=x").status == .badRequest)
        let null = try await client.send(#"{"page":null,"name":"x"}"#, as: "application/json", to: "/fields/posted")
        #expect(try null.problem().errors?.keys.sorted() == ["page"])
    }

    @Test(arguments: [
        ("", "nil nil"), ("?page=3&q=x", "3 'x'"), ("?page=&q=", "nil ''"),
    ])
    func `an optional is nil where the field is absent, or blank and no text`(query: String, expected: String)
        async throws
    {
        #expect(try await client.get("/fields/optional\(query)").text == expected)
    }

    @Test(arguments: [("", "none"), ("/4", "4")])
    func `an optional place of the path`(rest: String, expected: String) async throws {
        #expect(try await client.get("/fields/maybe\(rest)").text == expected)
    }

    @Test func `an array is a repeated field`() async throws {
        let target = "/fields/arrays?ids=1&colors=red&ids=2&names=a&colors=darkBlue&names="
        #expect(try await client.get(target).text == #"[1, 2] ["red", "darkBlue"] ["a", ""]"#)
        #expect(try await client.get("/fields/arrays").text == "[] [] nil")
    }

    @Test func `an array is a JSON array, of enums that are not Codable too`() async throws {
        let body = #"{"ids":[1,2],"colors":["red","darkBlue"],"names":null}"#
        let response = try await client.send(body, as: "application/json", to: "/fields/arrays")
        #expect(response.text == #"[1, 2] ["red", "darkBlue"] nil"#)
    }

    @Test(arguments: [
        (#"{"ids":[1,"x"]}"#, "ids[1]"), (#"{"ids":5}"#, "ids"), (#"{"ids":[1,null]}"#, "ids[1]"),
        (#"{"colors":["red","mauve"]}"#, "colors"), (#"{"colors":"red"}"#, "colors"), (#"{"colors":[5]}"#, "colors"),
    ])
    func `an element that is wrong is reported`(body: String, field: String) async throws {
        let response = try await client.send(body, as: "application/json", to: "/fields/arrays")
        #expect(response.status == .badRequest)
        #expect(try response.problem().errors?.keys.sorted() == [field], "\(response)")
    }

    @Test func `a scalar given twice is not guessed`() async throws {
        let response = try await client.get("/fields/camel?user_id=1&user_id=2")
        #expect(try response.problem().errors == ["user_id": ["is given 2 times"]])
    }

    @Test func `attributes say where a parameter comes from`() async throws {
        let response = try await client.request(
            .post, "/fields/sources?page=2&name=wrong", headers: [.userAgent: "curl", .cookie: "theme=dark"],
            form: ["name": "Ann", "page": "9"])
        #expect(response.text == "2 Ann curl dark")
    }

    @Test func `an attribute's name is taken as it is written`() async throws {
        let trace = try #require(HTTPField.Name("X-B3-TraceId"))
        let response = try await client.get(
            "/fields/named?q=x", headers: [trace: "t", .eTag: "e", .cookie: "__Host-id=c"])
        #expect(response.text == "x t e c")
        #expect(try await client.get("/fields/named?text=x").problem().errors == ["q": ["is required"]])
    }

    @Test(arguments: ["xForwardedFor", "x_forwarded_for"])
    func `a header field has one spelling`(name: String) async throws {
        // Proxies strip or set the hyphenated one only: another spelling would let clients pass theirs.
        let name = try #require(HTTPField.Name(name))
        #expect(try await client.get("/fields/header", headers: [name: "1.2.3.4"]).text == "-")
    }

    @Test func `Body reads the body whatever the method`() async throws {
        let removed = try await client.request(.delete, "/fields/remove", form: ["reason": "old"])
        #expect(removed.text == "old")
        let put = try await client.request(.put, "/fields/any-body", form: ["reason": "new"])
        #expect(put.text == "new")
        let none = try await client.get("/fields/any-body")
        #expect(try none.problem().errors == ["reason": ["is required"]])
    }

    @Test func `everything wrong is reported at once`() async throws {
        let response = try await client.get("/fields/several?a=x&c=x&d=1&d=x", headers: [.cookie: "f=x"])
        #expect(response.status == .badRequest)
        let problem = try response.problem()
        #expect(problem.title == "Bad Request")
        #expect(problem.errors?.keys.sorted() == ["a", "b", "c", "d", "e", "f"])
        #expect(problem.errors?["b"] == ["is required"])
        let range = try await client.get("/fields/range/x/y?step=z").problem()
        #expect(range.errors?.keys.sorted() == ["from", "step", "to"])
    }

    // MARK: - Formats of the query and the form

    @Test(arguments: [
        ("text=a+b%2Bc", "a b+c"), ("text=%E6%BC%A2", "漢"), ("text=%e6%bc%a2", "漢"), ("text=a=b", "a=b"),
        ("&&text=x&&", "x"), ("te%78t=x", "x"), ("text=", ""), ("text", ""), ("text=%00", "\0"), ("text=漢", "漢"),
        ("other=1&text=x;y", "x;y"),
    ])
    func `a form is decoded`(body: String, expected: String) async throws {
        let response = try await client.send(body, as: "application/x-www-form-urlencoded", to: "/fields/echo")
        #expect(response.text == expected)
    }

    @Test(arguments: ["text=%", "text=%4", "text=%zz", "text=%+1", "%=x", "text=%ff", "text=%c3", "text=%ed%a0%80"])
    func `a form that is malformed is refused, and so is a query`(body: String) async throws {
        let response = try await client.send(body, as: "application/x-www-form-urlencoded", to: "/fields/echo")
        #expect(response.status == .badRequest)
        #expect(try response.problem().detail?.isEmpty == false)
        #expect(try await client.get("/fields/camel?\(body)").status == .badRequest)
    }

    @Test func `a form that is not UTF-8 is refused`() async throws {
        let body = ByteBuffer(bytes: Array("text=".utf8) + [0xFF])
        let response = try await client.send(body, as: "application/x-www-form-urlencoded", to: "/fields/echo")
        #expect(response.status == .badRequest)
    }

    @Test func `a form has at most 1000 fields`() async throws {
        let fields = Array(repeating: "a=1", count: 999).joined(separator: "&")
        for (body, status) in [("\(fields)&text=x&&", HTTPResponse.Status.ok), ("\(fields)&text=x&b=1", .badRequest)] {
            let response = try await client.send(body, as: "application/x-www-form-urlencoded", to: "/fields/echo")
            #expect(response.status == status)
        }
    }

    // MARK: - Bodies as a whole

    @Test(arguments: ["text/plain", "application/xml", "", "json", "application/jsonx", "multipart/mixed; boundary=b"])
    func `a body of another type is 415`(type: String) async throws {
        let response = try await client.send("text=x", as: type, to: "/fields/echo")
        #expect(response.status == .unsupportedMediaType)
        #expect(try response.problem().detail?.isEmpty == false)
    }

    @Test(arguments: [
        ("Application/JSON", #"{"text":"x"}"#), ("application/json; charset=utf-8", #"{"text":"x"}"#),
        ("application/vnd.api+json", #"{"text":"x"}"#),
        ("APPLICATION/X-WWW-FORM-URLENCODED;charset=UTF-8", "text=x"),
    ])
    func `a type is known in any case and with parameters`(type: String, body: String) async throws {
        #expect(try await client.send(body, as: type, to: "/fields/echo").text == "x")
    }

    @Test func `a body beyond the action's limit is 413`() async throws {
        let fits = try await client.post("/fields/limited", form: ["text": "01234567890"])
        #expect(fits.text == "01234567890")
        let response = try await client.post("/fields/limited", form: ["text": "012345678901"])
        #expect(response.status == .contentTooLarge)
        #expect(try response.problem().detail?.contains("16 bytes") == true)
    }

    @Test func `a body beyond the application's limit is 413`() async throws {
        let client = try TestHost(controllers: FieldController.self) { $0.limits.maxBodyBytes = 20 }.client()
        #expect(try await client.post("/fields/echo", form: ["text": "0123456789abcdef"]).status == .contentTooLarge)
    }

    @Test func `an empty body has no fields, whatever its type`() async throws {
        for type in ["application/json", "text/plain", "multipart/form-data"] {
            let response = try await client.send("", as: type, to: "/fields/echo")
            #expect(try response.problem().errors == ["text": ["is required"]])
        }
    }
}
