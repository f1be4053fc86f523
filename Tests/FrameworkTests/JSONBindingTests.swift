import Martlet
import MartletTesting
import NIOCore
import Testing

struct Address: Codable, Sendable {
    var street: String
    var zip: Int
}

struct Person: Codable, Sendable {
    var name: String
    var age: Int
    var address: Address?
    var tags: [String]?
    var houses: [Address]?
    var big: UInt64?
}

struct Search: Codable, Sendable, Equatable {
    var q: String?
    var page: Int?
    var tags: [String]?
}

indirect enum Nest: Decodable, Sendable {
    case nest([Nest])
    init(from decoder: any Decoder) throws { self = .nest(try decoder.singleValueContainer().decode([Nest].self)) }
}

@Controller("structs")
struct StructController {
    @POST func whole(@Body person: Person) -> Person { person }
    @POST func maybe(@Body person: Person?) -> String { person?.name ?? "nobody" }
    @POST func otherwise(@Body person: Person = Person(name: "default", age: 0)) -> String { person.name }
    @POST func list(@Body list: [Address]) -> [Address] { list }
    @POST func member(person: Person, note: String?) -> Person { person }
    @POST func nested(@Body nest: Nest) -> String { "read" }
    @POST func field(text: String) -> String { text }
    @GET func search(@Query search: Search) -> Search { search }
    @GET func find(@Query person: Person) -> Person { person }
    @GET func perhaps(@Query person: Person?) -> String { person?.name ?? "nobody" }
    @GET func fallback(@Query person: Person = Person(name: "default", age: 0)) -> String { person.name }
}

/// `Decodable` types decoded whole, and JSON that means harm.
@Suite struct JSONBindingTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: StructController.self).client() }

    private func post(_ target: String, _ json: String) async throws -> TestResponse {
        try await client.send(json, as: "application/json", to: "/structs/\(target)")
    }

    @Test func `a struct is the whole JSON body`() async throws {
        let response = try await post("whole", #"{"name":"Ann","age":3,"address":{"street":"S","zip":1}}"#)
        #expect(response.text == #"{"address":{"street":"S","zip":1},"age":3,"name":"Ann"}"#)
    }

    @Test func `a struct is the whole form or query`() async throws {
        let form = try await client.post("/structs/whole", form: ["name": "Ann", "age": "3", "tags": "a"])
        #expect(form.text == #"{"age":3,"name":"Ann","tags":["a"]}"#)
        let query = try await client.get("/structs/find?name=Ann&age=3&tags=a&tags=b&big=18446744073709551615")
        #expect(query.text == #"{"age":3,"big":18446744073709551615,"name":"Ann","tags":["a","b"]}"#)
        #expect(try await client.get("/structs/search?q=&page=").text == #"{"q":""}"#)
        #expect(try await client.get("/structs/search").text == "{}")
    }

    @Test func `an array can be the whole body`() async throws {
        #expect(try await post("list", #"[{"street":"S","zip":1}]"#).text == #"[{"street":"S","zip":1}]"#)
        let wrong = try await post("list", #"[{"street":"S","zip":1},{"street":5},"x"]"#)
        #expect(try wrong.problem().errors?.keys.sorted() == ["[1].street", "[1].zip", "[2]"])
    }

    @Test func `an empty body or query is nil, or the default`() async throws {
        #expect(try await post("maybe", "").text == "nobody")
        #expect(try await post("maybe", "null").text == "nobody")
        #expect(try await post("otherwise", "").text == "default")
        #expect(try await client.get("/structs/perhaps").text == "nobody")
        #expect(try await client.get("/structs/fallback").text == "default")
        #expect(try await client.get("/structs/perhaps?name=x").status == .badRequest)
        #expect(try await post("whole", "").problem().errors == ["name": ["is required"], "age": ["is required"]])
    }

    @Test(arguments: [
        ("{}", ["age", "name"]),
        (#"{"name":5,"age":"x"}"#, ["age", "name"]),
        (#"{"name":"x","age":1,"address":{"zip":"x"}}"#, ["address.street", "address.zip"]),
        (
            #"{"name":"x","address":{"street":5,"zip":1},"houses":[{"street":"s","zip":1},{"street":"s"}]}"#,
            [
                "address.street", "age", "houses[1].zip",
            ]
        ),
        (#"{"name":"x","age":1,"tags":[1,"b",null]}"#, ["tags[0]", "tags[2]"]),
        (#"{"name":"x","age":1,"tags":"a"}"#, ["tags"]),
        (#"{"name":"x","age":1.5}"#, ["age"]),
        (#"{"name":"x","age":1e400}"#, ["age"]),
        (#"{"name":"x","age":123456789012345678901234567890}"#, ["age"]),
        (#"{"name":5,"age":9223372036854775807,"big":18446744073709551615}"#, ["name"]),
        (#"{"name":"x","age":null}"#, ["age"]),
    ])
    func `everything wrong with a struct is reported at once, by its path`(json: String, fields: [String]) async throws
    {
        let whole = try await post("whole", json)
        #expect(whole.status == .badRequest)
        #expect(try whole.problem().errors?.keys.sorted() == fields, "\(whole)")
        let member = try await post("member", "{\"person\":\(json),\"note\":5}")
        let expected = (fields.map { "person.\($0)" } + ["note"]).sorted()
        #expect(try member.problem().errors?.keys.sorted() == expected, "\(member)")
    }

    @Test func `a struct without an attribute is a member of the JSON body`() async throws {
        #expect(try await post("member", #"{"person":{"name":"x","age":1}}"#).text == #"{"age":1,"name":"x"}"#)
        #expect(try await post("member", "{}").problem().errors == ["person": ["is required"]])
        #expect(try await post("member", #"{"person":5}"#).problem().errors == ["person": ["must be an object"]])
        let form = try await client.post("/structs/member", form: ["person": "x"])
        #expect(try form.problem().errors?.keys.sorted() == ["person"])
    }

    @Test(arguments: [
        "{", "}", "{\"text\":}", "{\"text\":\"x\"", "{'text':'x'}", "{\"text\":\"x\"} junk",
        "{\"text\":\"\\ud800\"}", "{\"text\":\"\u{1}\"}", "nul", " ", "{\"text\":01}", "{\"text\":+1}",
    ])
    func `a body that is not JSON is 400`(json: String) async throws {
        for target in ["field", "whole", "member"] {
            let response = try await post(target, json)
            #expect(response.status == .badRequest, "\(target)")
            #expect(try response.problem().detail?.isEmpty == false)
        }
    }

    @Test(arguments: ["[]", "5", "\"text\"", "null"])
    func `fields come from an object only`(json: String) async throws {
        let response = try await post("field", json)
        #expect(response.status == .badRequest)
        #expect(try response.problem().detail == "The body must be a JSON object.")
    }

    @Test func `JSON that is not UTF-8 is 400`() async throws {
        let body = ByteBuffer(bytes: Array(#"{"text":""#.utf8) + [0xFF] + Array("\"}".utf8))
        let response = try await client.send(body, as: "application/json", to: "/structs/field")
        #expect(response.status == .badRequest)
    }

    @Test func `text arrives as it was typed`() async throws {
        let response = try await post("field", #"{"text":"a\"b\n</script>\u6f22\ud83d\ude00\u0000"}"#)
        #expect(response.text == "a\"b\n</script>漢😀\0")
    }

    @Test func `a member given twice is refused`() async throws {
        let response = try await post("field", #"{"text":"a","text":"b"}"#)
        #expect(try response.problem().detail == "The body has an object with the same member twice, at byte 12.")
    }

    @Test(arguments: ["field", "whole", "member", "nested", "list"])
    func `nesting of ten thousand levels is refused`(target: String) async throws {
        let (open, close) = (String(repeating: "[", count: 10_000), String(repeating: "]", count: 10_000))
        let objects = String(repeating: "{\"text\":", count: 10_000) + "1" + String(repeating: "}", count: 10_000)
        for json in [open + close, open, "{\"text\":\(open)\(close)}", "{\"person\":\(open)\(close)}", objects] {
            #expect(try await post(target, json).status == .badRequest)
        }
    }

    @Test func `a decoder as deep as the nesting has room on the stack`() async throws {
        // The deepest that Foundation's parser takes.
        let json = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(try await post("nested", json).text == "read")
    }

    @Test func `of a large body the first error is told alone, for finding all takes long`() async throws {
        let json = #"{"name":5,"extra":["# + String(repeating: "0,", count: 500_000) + "0]}"
        let response = try await post("whole", json)
        #expect(response.status == .badRequest)
        // Its age is missing too.
        #expect(try response.problem().errors == ["name": ["must be a string"]])
    }
}
