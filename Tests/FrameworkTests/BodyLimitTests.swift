import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Synchronization
import Testing

/// The most bytes of a body that are read, whoever reads it.
@Suite struct BodyLimitTests {
    /// A peer that never stops sending.
    private final class Endless: RequestBodySource {
        private let sent = Mutex(0)
        var bytes: Int { sent.withLock { $0 } }

        func next() async throws -> ByteBuffer? {
            sent.withLock { $0 += 1024 }
            return ByteBuffer(repeating: 0x78, count: 1024)
        }
    }

    /// Checks a signature, or looks for a field, before anything else.
    private struct Collecting: Middleware {
        var ownLimit: Int?
        func respond(to ctx: Context, next: Next) async throws -> Response {
            if let ownLimit { ctx.request.body.limit(to: ownLimit) }
            _ = try await ctx.request.body.collect()
            return try await next(ctx)
        }
    }

    /// Reads chunk by chunk.
    private struct Iterating: Middleware {
        func respond(to ctx: Context, next: Next) async throws -> Response {
            for try await _ in ctx.request.body {}
            return try await next(ctx)
        }
    }

    static let rows: [(path: String, middleware: any Middleware, limit: Int)] = [
        ("/limited/raw", Collecting(), 8192), ("/limited/raw", Iterating(), 8192), ("/nowhere", Collecting(), 8192),
        ("/limited/large", Collecting(), 65536), ("/limited/small", Collecting(), 2048),
        ("/limited/large", Collecting(ownLimit: 4096), 4096), ("/limited/small", Collecting(ownLimit: 16384), 16384),
        ("/nowhere", Collecting(ownLimit: 16384), 16384),
    ]

    @Test(arguments: rows.indices)
    func `an endless body is refused at the limit that holds where it is read`(row: Int) async throws {
        let (path, middleware, limit) = Self.rows[row]
        let host = try TestHost(controllers: LimitedController.self, middleware: middleware) { app in
            app.limits.maxBodyBytes = 8192
        }
        let application = host.application
        let source = Endless()
        let ctx = application.context(
            request: Request(
                method: .post, target: path, headers: [:], body: RequestBody(stream: source, declaredLength: nil)),
            client: ClientInfo(connectionID: 1, address: "127.0.0.1", port: 1),
            eventLoop: application.executors[0].eventLoop)
        let response = await application.answer(ctx).response
        #expect(response.status == .contentTooLarge)
        #expect(source.bytes == limit + 1024)
    }

    @Test(arguments: Transport.allCases)
    func `a body that declares more than the limit is refused before it is read`(transport: Transport) async throws {
        let host = try TestHost(controllers: LimitedController.self, middleware: Collecting(), over: transport) {
            $0.limits.maxBodyBytes = 10
        }
        let client = host.client()
        for (path, content, expected) in [
            ("/limited/raw", "0123456789", HTTPResponse.Status.ok), ("/limited/raw", "0123456789a", .contentTooLarge),
            ("/limited/large", "0123456789a", .ok), ("/nowhere", "0123456789a", .contentTooLarge),
        ] {
            let response = try await client.request(.post, path, body: ByteBuffer(string: content))
            #expect(response.status == expected, "\(path) \(content)")
        }
    }
}

@Controller("limited")
struct LimitedController {
    @POST func raw(_ ctx: Context) async throws -> String { "\(try await ctx.request.body.collect().readableBytes)" }
    @POST(maxBodyBytes: 65536) func large(_ ctx: Context) async throws -> String { try await raw(ctx) }
    @POST(maxBodyBytes: 2048) func small(_ ctx: Context) async throws -> String { try await raw(ctx) }
}
