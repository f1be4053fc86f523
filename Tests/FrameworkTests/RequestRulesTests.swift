import Foundation
import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

@testable import MartletCore

/// What clients of other makes send, and what they are told: rules that hold for every field of a request.
@Suite struct RequestRulesTests {
    private let client: TestClient

    init() throws { client = try TestHost(controllers: RulesController.self).client() }

    private func send(_ body: String, as type: String?, to path: String, _ more: HTTPFields = [:]) async throws
        -> TestResponse
    {
        var headers = more
        headers[.contentType] = type
        return try await client.request(.post, path, headers: headers, body: ByteBuffer(string: body))
    }

    @Test(arguments: [
        ("?size=", "20 nil []"), ("?count=&size=3", "3 nil []"), ("?ids=", "20 nil []"), ("?ids=&ids=4", "20 nil [4]"),
        ("?ids[]=1&ids[]=2", "20 nil [1, 2]"), ("?ids%5B%5D=1&ids=2", "20 nil [1, 2]"), ("?count=7", "20 7 []"),
    ])
    func `what was left empty is no value, and a list may say that it is one`(query: String, expected: String)
        async throws
    {
        #expect(try await client.get("/rules/query\(query)").text == expected)
        let form = String(query.dropFirst())
        #expect(
            try await send(form, as: "application/x-www-form-urlencoded", to: "/rules/form").text == expected)
        #expect(
            try await send(form, as: "application/x-www-form-urlencoded", to: "/rules/whole").text == expected)
    }

    @Test func `an empty field that is required is missing`() async throws {
        #expect(try await client.get("/rules/needed?n=").problem().errors == ["n": ["is required"]])
        let whole = try await send("n=", as: "application/x-www-form-urlencoded", to: "/rules/needed-whole")
        #expect(try whole.problem().errors == ["n": ["is required"]])
        #expect(try await client.get("/rules/set?n=3&n=1&n=3").text == "[1, 3]")
    }

    @Test func `the lines of a header field are one value, and each of a list`() async throws {
        var headers = HTTPFields()
        for value in ["a", "b"] { headers.append(HTTPField(name: HTTPField.Name("X-Name")!, value: value)) }
        #expect(try await client.get("/rules/one", headers: headers).text == "a, b")
        #expect(try await client.get("/rules/each", headers: headers).text == #"["a", "b"]"#)
        var twice = HTTPFields()
        for value in ["1", "2"] { twice.append(HTTPField(name: .ifModifiedSince, value: value)) }
        #expect(
            try await client.get("/rules/single", headers: twice).problem().errors
                == ["if-modified-since": ["is given 2 times"]])
    }

    @Test func `an enum lists its cases wherever it stands`() async throws {
        let expected = ["must be one of: red, blue"]
        #expect(try await client.get("/rules/colour?colour=x").problem().errors == ["colour": expected])
        for type in ["application/json", "application/x-www-form-urlencoded"] {
            let body = type.hasSuffix("json") ? #"{"colour":"x"}"# : "colour=x"
            #expect(try await send(body, as: type, to: "/rules/painted").problem().errors == ["colour": expected])
        }
    }

    @Test(arguments: [
        ("x", "must be a whole number"), ("9223372036854775808", "must be a whole number"),
        ("1.5", "must be a whole number"),
    ])
    func `a whole number is asked for without a riddle`(text: String, message: String) async throws {
        #expect(try await client.get("/rules/needed?n=\(text)").problem().errors == ["n": [message]])
    }

    @Test func `errors end at fifty, in linear time`() async throws {
        let body = "{\"tags\":[" + Array(repeating: "1", count: 8000).joined(separator: ",") + "]}"
        let response = try await send(body, as: "application/json", to: "/rules/tagged")
        let problem = try response.problem()
        #expect(problem.errors?.count == 50)
        #expect(problem.detail?.hasSuffix("Only the first 50 errors are listed.") == true)
    }

    @Test(arguments: [
        ("application/json; charset=iso-8859-1", nil), ("application/json; charset=utf-16", nil),
        ("application/x-www-form-urlencoded; charset=latin1", nil), ("application/json", "gzip"),
        ("application/x-www-form-urlencoded", "br"), ("text/plain", nil),
    ])
    func `a body in another charset or coding is 415`(type: String, coding: String?) async throws {
        let response = try await send(
            #"{"n":1}"#, as: type, to: "/rules/form", coding.map { [.contentEncoding: $0] } ?? [:])
        #expect(response.status == .unsupportedMediaType)
        #expect(response.headers[.acceptEncoding] == (coding == nil ? nil : "identity"))
    }

    @Test func `JSON that comes as a form is told so`() async throws {
        let response = try await send(
            #"{"email":"a@b"}"#, as: "application/x-www-form-urlencoded", to: "/rules/mailed")
        let problem = try response.problem()
        #expect(problem.errors == ["email": ["is required"]])
        #expect(problem.detail?.contains("looks like JSON") == true)
    }

    @Test(arguments: [
        ("/你", "/%E4%BD%A0"), ("/a b?c=d e", "/a%20b?c=d%20e"), ("/a%20b", "/a%20b"), ("/50%", "/50%25"),
        ("/%zz", "/%25zz"),
        ("https://a.example/x#y", "https://a.example/x#y"), ("/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"),
    ])
    func `a field that holds a URI gets one`(location: String, expected: String) async throws {
        #expect(try await client.post("/rules/go", form: ["to": location]).headers[.location] == expected)
        #expect(try await client.post("/rules/made", form: ["to": location]).headers[.location] == expected)
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00Z"), (0.5, "1970-01-01T00:00:00.500Z"), (1.000001, "1970-01-01T00:00:01.000001Z"),
        (-0.25, "1969-12-31T23:59:59.750Z"), (1_795_795_200, "2026-11-27T16:00:00Z"),
    ])
    func `a date keeps its fraction`(seconds: Double, text: String) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(ISO8601.text(of: date) == text)
        #expect(abs((ISO8601.date(from: text) ?? .distantPast).timeIntervalSince(date)) < 1e-6)
    }

    @Test(arguments: [
        ("gzip", true), ("gzip;q=1", true), ("gzip;q=0.001", true), ("gzip;q=0", false), ("gzip;q=0.000", false),
        ("gzip;q=abc", false), ("gzip;q=nan", false), ("gzip;q=1e9", false), ("gzip;q=", false), ("gzip;q", false),
        ("gzip;q=1.001", false), ("gzip;q=0.1234", false), ("gzip;q=2", false), ("gzip;q=-1", false), ("*", true),
        ("*;q=0", false), ("br, gzip ; q=0.5", true), ("gzip;q=0, *", false), ("GZIP;Q=0.5", true), ("", false),
        ("identity", false), ("gzip;q=.5", false), ("gzip;q=0.", false), ("gzip;q=1.", true),
    ])
    func `a weight that is none is no acceptance`(field: String, isAccepted: Bool) {
        #expect(ContentCoding.acceptsGzip([.acceptEncoding: field]) == isAccepted)
    }

    @Test func `cookies say what they are told to`() throws {
        var cookie = try SetCookie("a", "1")
        cookie.sameSite = nil
        #expect(cookie.headerValue == "a=1; Path=/; HttpOnly")
        cookie.sameSite = SetCookie.SameSite.none
        #expect(cookie.headerValue == "a=1; Path=/; HttpOnly; Secure; SameSite=None")
        cookie.sameSite = .strict
        cookie.expires = Date(timeIntervalSince1970: 784_111_777)
        #expect(cookie.headerValue == "a=1; Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT; HttpOnly; SameSite=Strict")
    }

    @Test func `child tasks lose none of each other's cookies`() async throws {
        for _ in 0..<20 {
            let response = try await client.get("/rules/many-cookies")
            #expect(response.headers[values: .setCookie].count == 50)
        }
    }
}

@Controller("rules")
struct RulesController {
    struct Fields: Decodable {
        var size: Int?
        var count: Int?
        var ids: [Int]?
    }
    struct Needed: Decodable { var n: Int }
    struct Tagged: Decodable { var tags: [String] }
    struct Painted: Decodable { var colour: Colour }
    enum Colour: String, Codable, CaseIterable { case red, blue }

    @GET func query(size: Int = 20, count: Int?, ids: [Int]) -> String { text(size, count, ids) }
    @POST func form(size: Int = 20, count: Int?, ids: [Int]) -> String { text(size, count, ids) }
    @POST func whole(@Body fields: Fields) -> String { text(fields.size ?? 20, fields.count, fields.ids ?? []) }
    private func text(_ size: Int, _ count: Int?, _ ids: [Int]) -> String {
        "\(size) \(count.map { "\($0)" } ?? "nil") \(ids)"
    }

    @GET func needed(n: Int) -> String { "\(n)" }
    @POST func neededWhole(@Body needed: Needed) -> String { "\(needed.n)" }
    @GET("set") func distinct(n: Set<Int>) -> String { "\(n.sorted())" }
    @GET func one(@Header xName: String) -> String { xName }
    @GET func each(@Header xName: [String]) -> String { "\(xName)" }
    @GET func single(@Header ifModifiedSince: String) -> String { ifModifiedSince }
    @GET func colour(colour: Colour) -> String { colour.rawValue }
    @POST func painted(@Body painted: Painted) -> String { painted.colour.rawValue }
    @POST func tagged(@Body tagged: Tagged) -> String { "\(tagged.tags.count)" }
    @POST func mailed(email: String) -> String { email }
    @POST func go(to: String) -> Redirect { Redirect(to: to) }
    @POST func made(to: String, _ ctx: Context) -> Status {
        ctx.response.headers[.location] = to
        return Status(.created)
    }
    @GET func manyCookies(_ ctx: Context) async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<50 {
                group.addTask { ctx.response.setCookie(try SetCookie("c\(number)", "1")) }
            }
            try await group.waitForAll()
        }
    }
}
