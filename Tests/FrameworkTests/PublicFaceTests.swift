import Foundation
import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

private struct Basket: Codable, Sendable, Equatable { var items: [Int] }

extension SessionKey<Basket> { fileprivate static let basket = Self("basket") }
extension SessionKey<String> { fileprivate static let name = Self("name") }
extension SessionKey<Double> { fileprivate static let weight = Self("weight") }
extension SessionKey<Int> { fileprivate static let count = Self("name") }

@Controller("face")
private struct FaceController {
    @GET func buffer() -> ByteBuffer { ByteBuffer(bytes: [0, 255]) }
    @GET func array() -> [UInt8] { [0, 255] }
    @GET func data() -> Data? { Data([0, 255]) }
    @GET func none() -> Data? { nil }
    @GET func numbers() -> [Int] { [0, 255] }
    @GET func either(live: Bool, _ ctx: Context) -> any ResponseConvertible {
        live ? ctx.sse.stream { try $0.send(data: "live") } : Status(.accepted)
    }
    @GET func cookies(_ request: Request) -> [String] { request.cookies.map { "\($0.name)=\($0.value)" } }
    @GET func whole(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            try client.send(ServerSentEvent(comment: "unheard"))
            try client.send(ServerSentEvent(event: "e", data: "d", id: "7", retry: .seconds(3)))
        }
    }
    @POST func keep(_ ctx: Context) -> [String] {
        let session = ctx.session
        session[.basket, default: Basket(items: [])].items.append(session[.basket]?.items.count ?? 0)
        session[.name] = "alice \"a\""
        session[.weight] = .nan
        return [
            session["name"] ?? "-", session["basket"] ?? "-", session[.name] ?? "-", "\(session[.weight] ?? -1)",
            "\(session[.count] ?? -1)",
        ]
    }
}

@Suite struct PublicFaceTests {
    private static func client(_ transport: Transport) throws -> TestClient {
        try TestHost(controllers: FaceController.self, over: transport) { $0.use(Sessions(.memory)) }.client()
    }

    @Test(arguments: Transport.allCases) func `bytes are sent as they are`(transport: Transport) async throws {
        let client = try Self.client(transport)
        for target in ["buffer", "array", "data"] {
            let response = try await client.get("/face/\(target)")
            #expect(response.headers[.contentType] == "application/octet-stream")
            #expect(Array(response.body.readableBytesView) == [0, 255])
        }
        #expect(try await client.get("/face/none").status == .notFound)
        #expect(try await client.get("/face/numbers").text == "[0,255]")
    }

    @Test(arguments: Transport.allCases) func `an action may answer with a stream or with something else`(
        transport: Transport
    ) async throws {
        let client = try Self.client(transport)
        #expect(try await client.get("/face/either?live=false").status == .accepted)
        try await client.stream("/face/either?live=true").expect("message", data: "live")
    }

    @Test(arguments: [
        ("a=1; b=2", ["a=1", "b=2"]), ("a=1;b=\"x y\"; =c; d; e=", ["a=1", "b=\"x y\"", "e="]), ("", []),
        ("a=1; a=2; A=b=c", ["a=1", "a=2", "A=b=c"]),
    ])
    func `all cookies of a request are known`(line: String, cookies: [String]) async throws {
        let response = try await Self.client(.inProcess).get("/face/cookies", headers: [.cookie: line])
        #expect(try response.json([String].self) == cookies)
    }

    @Test(arguments: Transport.allCases) func `an event may be sent whole`(transport: Transport) async throws {
        let stream = try await Self.client(transport).stream("/face/whole")
        let event = try await stream.next()
        #expect(event.event == "e" && event.data == "d" && event.lastEventID == "7")
        #expect(await stream.commentCount == 1)
    }

    @Test func `typed keys of a session`() async throws {
        let client = try Self.client(.inProcess)
        let first = try await client.post("/face/keep").json([String].self)
        #expect(first == [#"alice "a""#, #"{"items":[0]}"#, #"alice "a""#, "-1.0", "-1"])
        #expect(try await client.post("/face/keep").json([String].self)[1] == #"{"items":[0,1]}"#)
    }
}
