import GzipReader
import Martlet
import MartletTesting
import NIOCore
import Testing

@testable import MartletCore
@testable import MartletMiddleware

@Controller("compressible")
struct CompressibleController {
    static let text = String(repeating: "The quick brown fox. ", count: 100)

    @GET func text() -> String { Self.text }
    @GET func small() -> String { "small" }
    @GET func sized(count: Int) -> String { String(repeating: "x", count: count) }
    @GET func json() -> [String] { [Self.text] }
    @GET func image() -> Response { Response(text: Self.text, contentType: "image/png") }
    @GET func svg() -> Response { Response(text: Self.text, contentType: "image/svg+xml") }
    @GET func encoded() -> Response {
        Response(
            headers: [.contentType: "text/plain", .contentEncoding: "br"], body: .buffer(ByteBuffer(string: Self.text)))
    }
    @GET func part() -> Response {
        Response(
            status: .partialContent, headers: [.contentType: "text/plain", .contentRange: "bytes 0-2099/5000"],
            body: .buffer(ByteBuffer(string: Self.text)))
    }
    @GET func tagged(weak: Bool, _ ctx: Context) -> String {
        ctx.response.headers[.eTag] = weak ? "W/\"1\"" : "\"1\""
        return Self.text
    }
    @GET func varying(by: String, _ ctx: Context) -> String {
        ctx.response.headers[.vary] = by
        return Self.text
    }
    @GET func stream(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: Self.text) } }
    @GET func streamed() -> Response {
        Response(headers: [.contentType: "text/plain"], body: .stream { try await $0.write(Self.text) })
    }
}

@Suite struct CompressionTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: CompressibleController.self) { $0.use(Compression()) }.client() }

    private func get(_ target: String, _ accepts: String? = "gzip") async throws -> TestResponse {
        try await client.get("/compressible/\(target)", headers: accepts.map { [.acceptEncoding: $0] } ?? [:])
    }

    @Test(arguments: [(1023, false), (1024, true)]) func `what is smaller than the bound stays as it is`(
        count: Int, isCompressed: Bool
    ) async throws {
        let response = try await get("sized?count=\(count)")
        #expect((response.headers[.contentEncoding] == "gzip") == isCompressed)
    }

    @Test(arguments: ["text", "json", "svg"]) func `a text is sent as gzip`(target: String) async throws {
        let response = try await get(target)
        let plain = try await get(target, nil)
        #expect(response.headers[.contentEncoding] == "gzip")
        #expect(response.headers[.vary] == "Accept-Encoding")
        #expect(response.headers[.contentType] == plain.headers[.contentType])
        #expect(response.body.readableBytes < plain.body.readableBytes / 4)
        #expect(try Gzip.inflated(Array(response.body.readableBytesView)) == Array(plain.body.readableBytesView))
        // A cache must not give the plain one to all, nor the other way round.
        #expect(plain.headers[.contentEncoding] == nil)
        #expect(plain.headers[.vary] == "Accept-Encoding")
    }

    @Test(arguments: ["small", "image", "encoded", "part", "streamed"])
    func `what does not profit, or is encoded, passes as it is`(target: String) async throws {
        let response = try await get(target)
        let plain = try await get(target, nil)
        #expect(response.body == plain.body)
        #expect(response.headers == plain.headers)
    }

    @Test func `events pass as they are`() async throws {
        let stream = try await client.stream("/compressible/stream", headers: [.acceptEncoding: "gzip"])
        #expect(try await stream.next().data == CompressibleController.text)
    }

    /// RFC 9110 section 12.5.3.
    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("*", true), ("br, gzip", true), ("gzip;q=0.001", true),
        ("gzip; q=1", true), ("gzip ;q = 1", true), ("br;q=1, gzip;q=0.5", true), ("identity;q=0, *", true),
        ("*;q=0, gzip", true), ("deflate , gzip", true),
        ("", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("gzip; Q=0", false), ("br", false),
        ("identity", false), ("*;q=0", false), ("*, gzip;q=0", false), ("gzip;q=0, *", false), ("gzipped", false),
        ("gzip;q=nan", false), ("gzip;q=-1", false),
    ])
    func `the client's weights count`(header: String, accepts: Bool) async throws {
        #expect(ContentCoding.acceptsGzip([.acceptEncoding: header]) == accepts)
        let response = try await get("text", header)
        #expect((response.headers[.contentEncoding] == "gzip") == accepts)
    }

    @Test func `a strong tag becomes weak, a weak one stays`() async throws {
        #expect(try await get("tagged?weak=false").headers[.eTag] == "W/\"1\"")
        #expect(try await get("tagged?weak=true").headers[.eTag] == "W/\"1\"")
        #expect(try await get("tagged?weak=false", nil).headers[.eTag] == "\"1\"")
    }

    @Test(arguments: [
        ("Cookie", "Cookie, Accept-Encoding"), ("accept-encoding", "accept-encoding"), ("*", "*"),
        ("Cookie,Accept-Encoding", "Cookie,Accept-Encoding"),
    ])
    func `Vary is added to once`(vary: String, expected: String) async throws {
        #expect(try await get("varying?by=\(vary.percentEncoded)").headers[.vary] == expected)
    }
}
