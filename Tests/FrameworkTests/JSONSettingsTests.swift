import Foundation
import Martlet
import MartletTesting
import Testing

struct Parcel: Codable, Sendable, Equatable {
    struct Stop: Codable, Sendable, Equatable {
        var postalCode: Int
        var arrivedAt: Date?
    }
    enum Shape: String, Codable, Sendable { case flatBox, tube }
    enum Fate: Codable, Sendable, Equatable {
        case handedOver(toPerson: String)
        case wentMissing
    }

    var trackingID: String
    var sentAt: Date
    var nextStops: [Stop] = []
    var shape: Shape?
    var fate: Fate?
    var labelTexts: [String: Int] = [:]
    var stopsByName: [String: Stop] = [:]
    var raw: Data?
    var price: Decimal?
    var homePage: URL?
    var _hidden: Int?
}

@ServerEvents enum ParcelEvent: Equatable {
    case arrived(postalCode: Int)
}

@Controller("parcels")
struct ParcelController {
    @POST func whole(@Body parcel: Parcel) -> Parcel { parcel }
    @POST func member(myParcel: Parcel) -> Parcel { myParcel }
    @POST func date(sentAt: Date, others: [Date] = []) -> [Date] { [sentAt] + others }
    @POST func list(@Body stops: [Parcel.Stop?]) -> [Parcel.Stop?] { stops }
    @POST func table(@Body table: [String: Parcel.Stop]) -> [String: Parcel.Stop] { table }
    @GET func stop() -> Parcel.Stop { Parcel.Stop(postalCode: 7, arrivedAt: Date(timeIntervalSince1970: 0)) }
    @GET func wrapped() -> Envelope { .ok("well\ndone", data: stop(), count: 1) }
    @GET func broken() throws -> String { throw HTTPError(.conflict, fieldErrors: FieldErrors("aName.b", "is bad")) }
    @GET func crash() throws -> String { throw CocoaError(.fileNoSuchFile) }
    @GET func sequence() -> AsyncStream<Parcel.Stop> {
        AsyncStream { continuation in
            continuation.yield(stop())
            continuation.finish()
        }
    }
    @GET func events(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            try client.send(event: "stop", data: stop())
            try client.send(ParcelEvent.arrived(postalCode: 7))
        }
    }
    @GET func progress(_ ctx: Context) -> EventStream {
        ctx.sse.progress { try $0.report(40, ["fileName": "a"]) }
    }
}

@Suite struct JSONSettingsTests {
    private static func client(
        over transport: Transport = .inProcess, isDevelopment: Bool = false, _ set: (inout JSONSettings) -> Void
    ) throws -> TestClient {
        var settings = JSONSettings()
        set(&settings)
        return try TestHost(controllers: ParcelController.self, over: transport) {
            $0.json = settings
            $0.isDevelopment = isDevelopment
        }.client()
    }

    private static let full = Parcel(
        trackingID: "T", sentAt: Date(timeIntervalSince1970: 1.5),
        nextStops: [.init(postalCode: 1, arrivedAt: Date(timeIntervalSince1970: 2))], shape: .flatBox,
        fate: .handedOver(toPerson: "Ann"), labelTexts: ["bigLabel": 3], stopsByName: ["atHome": .init(postalCode: 2)],
        raw: Data([1, 2]), price: Decimal(string: "1.25"), homePage: URL(string: "https://a.example/b"), _hidden: 4)

    @Test(arguments: Transport.allCases)
    func `names in snake case are read and written`(_ transport: Transport) async throws {
        let client = try Self.client(over: transport) { $0.keys = .snakeCase }
        let response = try await client.post("/parcels/whole", json: Self.full)
        #expect(
            response.text == """
                {"_hidden":4,"fate":{"handed_over":{"to_person":"Ann"}},"home_page":"https://a.example/b",\
                "label_texts":{"bigLabel":3},"next_stops":[{"arrived_at":"1970-01-01T00:00:02Z","postal_code":1}],\
                "price":1.25,"raw":"AQI=","sent_at":"1970-01-01T00:00:01.500Z","shape":"flatBox",\
                "stops_by_name":{"atHome":{"postal_code":2}},"tracking_id":"T"}
                """)
        #expect(try response.json(Parcel.self) == Self.full)
        // A parameter has all its spellings in any case; the members of its struct have one.
        let member = try await client.send(
            #"{"my_parcel":\#(response.text)}"#, as: "application/json", to: "/parcels/member")
        #expect(member.text == response.text)
        let list = try await client.send(
            #"[null,{"postal_code":5}]"#, as: "application/json", to: "/parcels/list")
        #expect(list.text == #"[null,{"postal_code":5}]"#)
        let table = try await client.send(
            #"{"aB":{"postal_code":5}}"#, as: "application/json", to: "/parcels/table")
        #expect(table.text == #"{"aB":{"postal_code":5}}"#)
    }

    static let wrong: [(String, String, [String])] = [
        ("whole", "{}", ["label_texts", "next_stops", "sent_at", "stops_by_name", "tracking_id"]),
        (
            "whole",
            #"{"tracking_id":1,"sent_at":"1970-01-01","next_stops":[{"postal_code":"a"},{}],"label_texts":{"aB":"x"},"stops_by_name":{"aB":{"postal_code":null}}}"#,
            [
                "label_texts.aB", "next_stops[0].postal_code", "next_stops[1].postal_code",
                "stops_by_name.aB.postal_code", "tracking_id",
            ]
        ),
        // The property's own name is not that of the wire.
        ("list", #"[{"postalCode":5}]"#, ["[0].postal_code"]),
        (
            "member", #"{"myParcel":{"tracking_id":"T"}}"#,
            ["myParcel.label_texts", "myParcel.next_stops", "myParcel.sent_at", "myParcel.stops_by_name"]
        ),
    ]

    @Test(arguments: wrong)
    func `errors name the fields as they are on the wire`(
        _ target: String, _ body: String, _ fields: [String]
    ) async throws {
        let client = try Self.client { $0.keys = .snakeCase }
        // One that is too large to look at a second time has the first error alone.
        let large = body + String(repeating: " ", count: 20_000)
        for body in [body, large] {
            let response = try await client.send(body, as: "application/json", to: "/parcels/\(target)")
            #expect(response.status == .badRequest)
            let found = try #require(try JSONDecoder().decode(Errors.self, from: Data(response.text.utf8)).errors)
            if body == large { #expect(found.count == 1 && fields.contains(found.keys.first ?? "-"), "\(found)") }
            if body != large { #expect(found.keys.sorted() == fields) }
        }
    }

    private struct Errors: Decodable { let errors: [String: [String]]? }

    @Test func `problems have the application's names, and the fields' own`() async throws {
        let client = try Self.client { $0.keys = .snakeCase }
        #expect(try await client.get("/parcels/broken").text.contains(#""errors":{"aName.b":["is bad"]}"#))
        #expect(try await client.get("/parcels/crash").text.contains(#""request_id":"#))
        #expect(try await Self.client { _ in }.get("/parcels/crash").text.contains(#""requestId":"#))
    }

    @Test(arguments: [
        (JSONSettings.Dates.iso8601, #""1970-01-01T00:00:00Z""#, #""1970-01-01T00:00:00.250Z""#),
        (.iso8601WithFractions, #""1970-01-01T00:00:00.000Z""#, #""1970-01-01T00:00:00.250Z""#),
        (.secondsSince1970, "0", "0.25"),
    ])
    func `dates are as they are set`(_ dates: JSONSettings.Dates, _ whole: String, _ fraction: String) async throws {
        let client = try Self.client { $0.dates = dates }
        #expect(try await client.get("/parcels/stop").text == #"{"arrivedAt":\#(whole),"postalCode":7}"#)
        let read = try await client.send(
            #"{"sentAt":\#(fraction),"others":[\#(whole)]}"#, as: "application/json", to: "/parcels/date")
        #expect(read.text == "[\(fraction),\(whole)]")
        // A form is no JSON.
        let form = try await client.post("/parcels/date", form: ["sentAt": "1970-01-01"])
        #expect(form.text == "[\(whole)]")
    }

    @Test(arguments: [
        (JSONSettings.Dates.secondsSince1970, #"{"postalCode":1,"arrivedAt":"1970-01-01"}"#, "must be a number"),
        (.iso8601, #"{"postalCode":1,"arrivedAt":0}"#, "must be a date in ISO 8601"),
        (.iso8601WithFractions, #"{"postalCode":1,"arrivedAt":"1970"}"#, "must be a date in ISO 8601"),
    ])
    func `another date is told`(_ dates: JSONSettings.Dates, _ stop: String, _ message: String) async throws {
        let client = try Self.client { $0.dates = dates }
        for spaces in [0, 20_000] {
            let body = "[\(stop)]" + String(repeating: " ", count: spaces)
            let response = try await client.send(body, as: "application/json", to: "/parcels/list")
            #expect(response.status == .badRequest)
            if spaces == 0 { #expect(try response.problem().errors?["[0].arrivedAt"] == [message]) }
        }
    }

    @Test(arguments: [
        (JSONSettings.PrettyPrinting.never, false, false), (.never, true, false), (.inDevelopment, false, false),
        (.inDevelopment, true, true), (.always, false, true),
    ])
    func `results are spread over lines where that is set`(
        _ pretty: JSONSettings.PrettyPrinting, _ isDevelopment: Bool, _ isSpread: Bool
    ) async throws {
        let client = try Self.client(isDevelopment: isDevelopment) { $0.prettyPrinting = pretty }
        let stop = try await client.get("/parcels/stop").text
        let wrapped = try await client.get("/parcels/wrapped").text
        let problem = try await client.get("/parcels/broken").text
        guard isSpread else {
            #expect(!(stop + wrapped + problem).contains("\n"))
            return
        }
        #expect(stop == "{\n  \"arrivedAt\" : \"1970-01-01T00:00:00Z\",\n  \"postalCode\" : 7\n}")
        #expect(
            wrapped == """
                {
                  "code" : 0,
                  "msg" : "well\\ndone",
                  "data" : {
                    "arrivedAt" : "1970-01-01T00:00:00Z",
                    "postalCode" : 7
                  },
                  "count" : 1
                }
                """)
        #expect(problem.hasPrefix("{\n"))
    }

    @Test func `members that are not sorted are all there`() async throws {
        let client = try Self.client { $0.sortsKeys = false }
        let stop = try await client.get("/parcels/stop").json(Parcel.Stop.self)
        #expect(stop == Parcel.Stop(postalCode: 7, arrivedAt: Date(timeIntervalSince1970: 0)))
    }

    @Test(arguments: Transport.allCases)
    func `events have the same names and dates, each on its line`(_ transport: Transport) async throws {
        let client = try Self.client(over: transport) {
            $0.keys = .snakeCase
            $0.dates = .secondsSince1970
            $0.prettyPrinting = .always
        }
        let stream = try await client.stream("/parcels/events")
        #expect(try await stream.next().data == #"{"arrived_at":0,"postal_code":7}"#)
        // A family is read by its declaration.
        #expect(try await stream.next().typed(ParcelEvent.self) == .arrived(postalCode: 7))
        let sequence = try await client.stream("/parcels/sequence")
        #expect(try await sequence.next().data == #"{"arrived_at":0,"postal_code":7}"#)
        let progress = try await client.stream("/parcels/progress")
        #expect(try await progress.next().data == #"{"fileName":"a","percent":40}"#)
    }

    @Test func `two applications of one process have settings of their own`() async throws {
        let (one, two) = (try Self.client { $0.keys = .snakeCase }, try Self.client { _ in })
        for _ in 0..<2 {
            #expect(try await one.get("/parcels/stop").text.contains("postal_code"))
            #expect(try await two.get("/parcels/stop").text.contains("postalCode"))
        }
    }

    @Test(arguments: [
        #"{"sentAt":"1970-01-01",}"#, #"{"sentAt":"1970-01-01","others":["1970-01-01",]}"#,
        #"{/* no */"sentAt":"1970-01-01"}"#, "{\"sentAt\":\"1970-01-01\"} // no", "{'sentAt':'1970-01-01'}",
        #"{sentAt:"1970-01-01"}"#, #"{"sentAt":NaN}"#, #"{"sentAt":-Infinity}"#,
        #"{"sentAt":"1970-01-01","sentAt":"1970-01-01"}"#, #"{"sentAt":+1}"#, #"{"sentAt":01}"#, #"{"sentAt":.5}"#,
    ])
    func `what is no JSON is refused, whatever is set`(_ body: String) async throws {
        for client in [
            try Self.client { _ in },
            try Self.client {
                $0.keys = .snakeCase
                $0.dates = .secondsSince1970
            },
        ] {
            let response = try await client.send(body, as: "application/json", to: "/parcels/date")
            #expect(response.status == .badRequest)
            #expect(response.text.contains("The body"))
        }
    }
}
