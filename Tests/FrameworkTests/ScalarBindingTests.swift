import Martlet
import MartletTesting
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

enum Color: String, CaseIterable, Sendable { case red, darkBlue }
enum Size: Int, Codable, Sendable { case small = 1, large = 2 }

/// Says what arrived of one of its many optional parameters.
private func echo(
    _ text: String?, _ int: Int?, _ byte: UInt8?, _ big: UInt64?, _ flag: Bool?, _ ratio: Double?, _ uuid: UUID?,
    _ date: Date?, _ color: Color?, _ size: Size?
) -> String {
    let found: [(any Sendable)?] = [
        text, int, byte, big, flag, ratio, uuid?.uuidString, date?.timeIntervalSince1970, color, size,
    ]
    return found.compactMap { $0.map { "\($0)" } }.joined(separator: ",")
}

@Controller("scalars")
struct ScalarController {
    @ANY("automatic") func automatic(
        text: String?, int: Int?, byte: UInt8?, big: UInt64?, flag: Bool?, ratio: Double?, uuid: UUID?, date: Date?,
        color: Color?, size: Size?
    ) -> String { echo(text, int, byte, big, flag, ratio, uuid, date, color, size) }

    @ANY("headers") func headers(
        @Header text: String?, @Header int: Int?, @Header byte: UInt8?, @Header big: UInt64?, @Header flag: Bool?,
        @Header ratio: Double?, @Header uuid: UUID?, @Header date: Date?, @Header color: Color?, @Header size: Size?
    ) -> String { echo(text, int, byte, big, flag, ratio, uuid, date, color, size) }

    @ANY("cookies") func cookies(
        @Cookie text: String?, @Cookie int: Int?, @Cookie byte: UInt8?, @Cookie big: UInt64?, @Cookie flag: Bool?,
        @Cookie ratio: Double?, @Cookie uuid: UUID?, @Cookie date: Date?, @Cookie color: Color?, @Cookie size: Size?
    ) -> String { echo(text, int, byte, big, flag, ratio, uuid, date, color, size) }

    @GET("path/text/{text}") func text(text: String) -> String { text }
    @GET("path/int/{int}") func int(int: Int) -> String { "\(int)" }
    @GET("path/byte/{byte}") func byte(byte: UInt8) -> String { "\(byte)" }
    @GET("path/big/{big}") func big(big: UInt64) -> String { "\(big)" }
    @GET("path/flag/{flag}") func flag(flag: Bool) -> String { "\(flag)" }
    @GET("path/ratio/{ratio}") func ratio(ratio: Double) -> String { "\(ratio)" }
    @GET("path/uuid/{uuid}") func uuid(uuid: UUID) -> String { uuid.uuidString }
    @GET("path/date/{date}") func date(date: Date) -> String { "\(date.timeIntervalSince1970)" }
    @GET("path/color/{color}") func color(color: Color) -> String { "\(color)" }
    @GET("path/size/{size}") func size(size: Size) -> String { "\(size)" }
}

/// A value on the wire, and what becomes of it.
struct Scalar: Sendable, CustomTestStringConvertible {
    let field: String
    let text: String
    /// nil where it is refused.
    let value: String?
    var testDescription: String { "\(field)=\(text)" }

    init(_ field: String, _ text: String, _ value: String?) {
        self.field = field
        self.text = text
        self.value = value
    }

    /// As a member of a JSON object.
    var json: String {
        let isScalar = ["true", "false"].contains(text) || text.wholeMatch(of: /-?\d+(\.\d+)?(e-?\d+)?/) != nil
        return isScalar && !["text", "uuid", "date", "color"].contains(field) ? text : "\"\(text)\""
    }

    private static let id = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"

    static let all: [Scalar] = [
        Scalar("text", "hello", "hello"),
        Scalar("text", "漢字 &=+%;é", "漢字 &=+%;é"),
        Scalar("int", "0", "0"), Scalar("int", "-7", "-7"),
        Scalar("int", "9223372036854775807", "9223372036854775807"),
        Scalar("int", "-9223372036854775808", "-9223372036854775808"),
        Scalar("int", "9223372036854775808", nil), Scalar("int", "1.5", nil), Scalar("int", "one", nil),
        Scalar("int", "99999999999999999999999999", nil), Scalar("int", "1e400", nil),
        Scalar("byte", "255", "255"), Scalar("byte", "256", nil), Scalar("byte", "-1", nil),
        Scalar("big", "18446744073709551615", "18446744073709551615"), Scalar("big", "18446744073709551616", nil),
        Scalar("flag", "true", "true"), Scalar("flag", "false", "false"), Scalar("flag", "maybe", nil),
        Scalar("ratio", "0.5", "0.5"), Scalar("ratio", "-1e3", "-1000.0"), Scalar("ratio", "nan", nil),
        Scalar("ratio", "inf", nil), Scalar("ratio", "infinity", nil), Scalar("ratio", "1e400", nil),
        Scalar("ratio", "0x10", nil), Scalar("ratio", "1,5", nil),
        Scalar("uuid", id, id), Scalar("uuid", id.lowercased(), id), Scalar("uuid", "6BA7B810", nil),
        Scalar("uuid", id + "0", nil),
        Scalar("date", "2026-11-24T10:00:00Z", "1795514400.0"),
        Scalar("date", "2026-11-24T10:00:00.250Z", "1795514400.25"),
        Scalar("date", "2026-11-24T12:00:00+02:00", "1795514400.0"),
        Scalar("date", "2026-11-24T04:30:00-05:30", "1795514400.0"),
        Scalar("date", "2026-11-24", "1795478400.0"),
        Scalar("date", "2026-11-24T10:00:00Zjunk", nil), Scalar("date", "2026-11-24junk", nil),
        Scalar("date", "2026-13-01", nil), Scalar("date", "2026-02-30", nil),
        Scalar("date", "2026-11-24T25:00:00Z", nil),
        Scalar("date", "24.11.2026", nil), Scalar("date", "yesterday", nil),
        Scalar("color", "darkBlue", "darkBlue"), Scalar("color", "blue", nil), Scalar("color", "Red", nil),
        Scalar("size", "2", "large"), Scalar("size", "3", nil), Scalar("size", "large", nil),
    ]
}

/// One table of values, sent by way of every source.
@Suite struct ScalarBindingTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: ScalarController.self).client() }

    private func check(_ response: TestResponse, _ scalar: Scalar) throws {
        if let value = scalar.value {
            #expect(response.status == .ok)
            #expect(response.text == value)
        } else {
            #expect(response.status == .badRequest)
            #expect(try response.problem().errors?[scalar.field]?.isEmpty == false, "\(response)")
        }
    }

    @Test(arguments: Scalar.all) func `from the query`(scalar: Scalar) async throws {
        try check(
            try await client.get("/scalars/automatic?\(scalar.field)=\(scalar.text.percentEncoded)"), scalar)
    }

    @Test(arguments: Scalar.all) func `from the path`(scalar: Scalar) async throws {
        try check(try await client.get("/scalars/path/\(scalar.field)/\(scalar.text.percentEncoded)"), scalar)
    }

    @Test(arguments: Scalar.all) func `from a form`(scalar: Scalar) async throws {
        try check(try await client.post("/scalars/automatic", form: [scalar.field: scalar.text]), scalar)
    }

    @Test(arguments: Scalar.all) func `from a multipart form`(scalar: Scalar) async throws {
        let body = "--b\r\nContent-Disposition: form-data; name=\"\(scalar.field)\"\r\n\r\n\(scalar.text)\r\n--b--\r\n"
        try check(
            try await client.send(body, as: "multipart/form-data; boundary=b", to: "/scalars/automatic"), scalar)
    }

    @Test(arguments: Scalar.all) func `from JSON`(scalar: Scalar) async throws {
        let body = "{\"\(scalar.field)\":\(scalar.json)}"
        try check(try await client.send(body, as: "application/json", to: "/scalars/automatic"), scalar)
    }

    @Test(arguments: Scalar.all.filter { $0.text.utf8.allSatisfy { $0 < 0x80 } })
    func `from a header field`(scalar: Scalar) async throws {
        let name = try #require(HTTPField.Name(scalar.field))
        let response = try await client.get("/scalars/headers", headers: [name: scalar.text])
        try check(response, scalar)
    }

    @Test(arguments: Scalar.all.filter { $0.text.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: ";") } })
    func `from a cookie`(scalar: Scalar) async throws {
        let response = try await client.get(
            "/scalars/cookies", headers: [.cookie: "other=1; \(scalar.field)=\(scalar.text); last=2"])
        try check(response, scalar)
    }

    @Test(arguments: [
        ("1", "true"), ("on", "true"), ("0", "false"), ("off", "false"), ("True", "true"), ("FALSE", "false"),
        ("yes", "true"), ("No", "false"), ("ON", "true"),
    ])
    func `a checkbox is a Bool`(text: String, value: String) async throws {
        #expect(try await client.post("/scalars/automatic", form: ["flag": text]).text == value)
    }

    @Test func `errors say what was expected`() async throws {
        let target = "/scalars/automatic?int=x&byte=300&flag=x&ratio=x&uuid=x&date=x&color=x&size=x"
        let problem = try await client.get(target).problem()
        #expect(
            problem.errors == [
                "int": ["must be a whole number"], "byte": ["must be a whole number from 0 to 255"],
                "flag": ["must be true or false"],
                "ratio": ["must be a number"], "uuid": ["must be a UUID"], "date": ["must be a date in ISO 8601"],
                "color": ["must be one of: red, darkBlue"],
                "size": ["is not one of the values that are allowed here"],
            ])
    }

    @Test(arguments: [
        (#"{"int":"5"}"#, "int"), (#"{"text":5}"#, "text"), (#"{"flag":1}"#, "flag"), (#"{"flag":"true"}"#, "flag"),
        (#"{"ratio":"0.5"}"#, "ratio"), (#"{"uuid":5}"#, "uuid"), (#"{"date":5}"#, "date"), (#"{"color":5}"#, "color"),
        (#"{"size":"2"}"#, "size"), (#"{"int":[1]}"#, "int"), (#"{"text":{}}"#, "text"),
    ])
    func `JSON's types are not converted`(body: String, field: String) async throws {
        let response = try await client.send(body, as: "application/json", to: "/scalars/automatic")
        #expect(response.status == .badRequest)
        #expect(try response.problem().errors?.keys.sorted() == [field])
    }

    @Test func `JSON's null is nil`() async throws {
        let response = try await client.send(
            #"{"int":null,"color":null,"text":"x"}"#, as: "application/json", to: "/scalars/automatic")
        #expect(response.text == "x")
    }
}
