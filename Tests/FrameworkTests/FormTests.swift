import Martlet
import MartletTesting
import NIOCore
import Testing

private struct SignUp: Decodable, Validatable, Sendable {
    let email: String
    let age: Int
    let tags: [String]?
    let again: String?
    static let rules: Rules = [
        .field(
            \.email, .email,
            .check("is taken") { email, ctx in
                await Task.yield()
                return email != "ada@b.de"
            }),
        .field(\.age, .range(18...)),
    ]
}

private struct Lookup: Decodable, Sendable {
    let text: String
    let page: Int?
}

private func told(_ errors: FieldErrors) -> String {
    errors.messages.sorted { $0.field < $1.field }.map { "\($0.field): \($0.messages.joined(separator: ", "))" }
        .joined(separator: "; ")
}

@Controller("forms")
private struct FormController {
    /// What was typed, what is wrong, and whether there is a value.
    @ANY("sign-up") func signUp(form: Form<SignUp>) -> String {
        "\(form["email"])/\(form["age"])/\(form[values: "tags"]) \(told(form.errors)) \(form.value?.age ?? -1)"
    }
    @POST func strict(form: Form<SignUp>, @Query page: Int = 1) throws -> String { try form.valid.email }
    @GET @POST func search(@Query form: Form<Lookup>) throws -> String {
        "\(form["text"])/\(form["page"]) \(told(form.errors)) \(form.value?.text ?? "-")"
    }
    @POST func both(@Query search: Form<Lookup>, @Body form: Form<SignUp>) -> String {
        "\(told(search.errors)) | \(told(form.errors))"
    }
    @GET func fresh() throws -> String {
        let form = Form<SignUp>(["email": "a@b.de"])
        return "\(form["email"]) \(told(form.errors)) \((try? form.valid) == nil)"
    }
    @ANY("fields") func fields(_ ctx: Context) async throws -> String {
        try await ctx.request.form().fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
    @POST func twice(_ ctx: Context, @Body form: Form<Lookup>) async throws -> String {
        "\(form["text"]) \(try await ctx.request.form()["text"] ?? "-")"
    }
}

@Controller("headerform")
private struct HeaderFormController {
    @GET func index(@Header form: Form<Lookup>) {}
}

/// Forms that come back with what was typed.
@Suite struct FormTests {
    private let client: TestClient
    init() throws { client = try TestHost(controllers: FormController.self).client() }

    private static let urlEncoded = "application/x-www-form-urlencoded"

    @Test(arguments: [
        ("email=a@b.de&age=20&tags=x&tags=y", #"a@b.de/20/["x", "y"]  20"#),
        ("email=ab&age=x", #"ab/x/[] age: must be a whole number; email: must be an e-mail address -1"#),
        ("email=ab&age=17", #"ab/17/[] age: must be at least 18; email: must be an e-mail address -1"#),
        ("email=ada%40b.de&age=17", #"ada@b.de/17/[] age: must be at least 18; email: is taken -1"#),
        ("email=ada%40b.de&age=20", #"ada@b.de/20/[] email: is taken -1"#),
        ("age=20", #"/20/[] email: is required -1"#),
        ("email=%3Cb%3E", #"<b>//[] age: is required; email: must be an e-mail address -1"#),
        ("", "//[] age: is required; email: is required -1"),
    ])
    func `an action has what was typed and what is wrong`(form: String, answer: String) async throws {
        let response = try await client.send(form, as: Self.urlEncoded, to: "/forms/sign-up")
        #expect(response.text == answer)
    }

    @Test func `it is the same for multipart and JSON`() async throws {
        let parts = ["email": "ab", "age": "x"].sorted { $0.key > $1.key }
            .map { "--b\r\nContent-Disposition: form-data; name=\"\($0.key)\"\r\n\r\n\($0.value)\r\n" }.joined()
        let multipart = try await client.send(
            parts + "--b--\r\n", as: "multipart/form-data; boundary=b", to: "/forms/sign-up")
        #expect(multipart.text == #"ab/x/[] age: must be a whole number; email: must be an e-mail address -1"#)
        let json = try await client.send(
            #"{"email":"ab","age":17,"tags":["x","y"]}"#, as: "application/json", to: "/forms/sign-up")
        #expect(json.text == #"ab/17/["x", "y"] age: must be at least 18; email: must be an e-mail address -1"#)
    }

    @Test func `the errors of a form are in the client's language`() async throws {
        let response = try await client.request(
            .post, "/forms/sign-up", headers: [.acceptLanguage: "zh", .contentType: Self.urlEncoded],
            body: ByteBuffer(string: "age=20"))
        #expect(response.text == "/20/[] email: 必填 -1")
    }

    @Test(arguments: [
        ("", "email=ab&age=x", 400, ["email", "age"]), ("", "email=ab&age=20", 422, ["email"]),
        ("?page=x", "email=ab&age=20", 400, ["page"]),
    ])
    func `valid answers as an action without a form`(query: String, form: String, status: Int, fields: [String])
        async throws
    {
        let response = try await client.send(form, as: Self.urlEncoded, to: "/forms/strict\(query)")
        #expect(response.status.code == status)
        #expect(try Set((response.problem().errors ?? [:]).keys) == Set(fields))
    }

    @Test func `valid is the value where nothing is wrong`() async throws {
        let response = try await client.send("email=a@b.de&age=20", as: Self.urlEncoded, to: "/forms/strict")
        #expect(response.text == "a@b.de")
    }

    @Test(arguments: [
        ("", "/  -"), ("?text=x", "x/  x"), ("?text=x&page=y", "x/y page: must be a whole number -"),
        ("?page=1", "/1 text: is required -"),
    ])
    func `a query is a form, which has no errors before it is sent`(query: String, answer: String) async throws {
        #expect(try await client.get("/forms/search\(query)").text == answer)
    }

    @Test func `two forms of one action are told apart`() async throws {
        let response = try await client.send("email=ada@b.de&age=20", as: Self.urlEncoded, to: "/forms/both?page=1")
        #expect(response.text == "text: is required | email: is taken")
    }

    @Test func `a form that nobody has sent has no errors and no value`() async throws {
        #expect(try await client.get("/forms/fresh").text == "a@b.de  true")
    }

    @Test(arguments: [
        ("application/json", #"{"email":"#, 400), ("text/csv", "a", 415),
        ("application/x-www-form-urlencoded", "a=%", 400),
    ])
    func `what is no form is refused`(type: String, body: String, status: Int) async throws {
        #expect(try await client.send(body, as: type, to: "/forms/sign-up").status.code == status)
        #expect(try await client.send(body, as: type, to: "/forms/fields").status.code == status)
    }

    @Test func `a test calls an action with the fields of its form`() async throws {
        let form = ["email": "ab", "age": "17"]
        let answer = "ab/17/[] age: must be at least 18; email: must be an e-mail address -1"
        #expect(try await client.call("Form@signUp", ["form": form], method: .post).text == answer)
        #expect(try await client.call("Form@signUp", ["form": form]).text == answer)
        #expect(try await client.call("Form@search", ["form": ["text": "x"]], method: .post).text == "x/  x")
        #expect(try await client.call("Form@search").text == "/  -")
    }

    // MARK: - By name

    @Test(arguments: [
        (urlEncoded, "a=1&b=x+y&a=2", "a=1&b=x y&a=2"), ("application/json", "{}", ""),
        ("application/json", #"{"a":1,"b":{"c":true,"d":null},"e":["x",{"f":"y"}]}"#, "a=1&b.c=true&e=x&e[1].f=y"),
        (urlEncoded, "", ""),
    ])
    func `the fields of a body are read by name`(type: String, body: String, fields: String) async throws {
        #expect(try await client.send(body, as: type, to: "/forms/fields").text == fields)
    }

    @Test func `a body of JSON that is too large, no object or too wide has no fields`() async throws {
        let large = #"{"a":"\#(String(repeating: "x", count: 20_000))"}"#
        #expect(try await client.send(large, as: "application/json", to: "/forms/fields").status == .contentTooLarge)
        #expect(try await client.send("[1]", as: "application/json", to: "/forms/fields").status == .badRequest)
        let wide = "[" + Array(repeating: "1", count: 1001).joined(separator: ",") + "]"
        let response = try await client.send(#"{"a":\#(wide)}"#, as: "application/json", to: "/forms/fields")
        #expect(response.status == .badRequest)
    }

    @Test func `reading the fields leaves the body to others`() async throws {
        #expect(try await client.send("text=x", as: Self.urlEncoded, to: "/forms/twice").text == "x x")
    }

    @Test func `a form from a header ends the start-up`() {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: HeaderFormController.self) }
        #expect(error.map { "\($0)" }?.hasSuffix("a form can only come from a body or a query.") == true)
    }
}
