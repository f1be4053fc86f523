import Hummingbird
import NIOCore
import NIOPosix
import ServiceLifecycle

struct Message: ResponseCodable {
    var message: String
}

/// Hummingbird as its documentation teaches it: `hummingbird-peer PORT [wrapped]`.
@main
enum HummingbirdPeer {
    static func main() async throws {
        guard let port = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }) else {
            return print("usage: hummingbird-peer PORT [wrapped]")
        }
        if CommandLine.arguments.dropFirst(2).first == "wrapped" {
            try await run(wrappedRouter(), port)
        } else {
            let publisher = Publisher<String>()
            try await run(plainRouter(publisher), port, publisher)
        }
    }

    private static func plainRouter(_ publisher: Publisher<String>) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("plaintext") { _, _ in "Hello, World!" }
        router.get("json") { _, _ in Message(message: "Hello, World!") }
        router.get("user/:id") { _, context in
            let id = try context.parameters.require("id", as: Int.self)
            return "\(id)"
        }
        router.get("events") { request, _ in stream(request, publisher) }
        router.post("pub") { request, _ in
            let count = request.uri.queryParameters.get("n", as: Int.self) ?? 1
            let text = String(buffer: try await request.body.collect(upTo: 1 << 20))
            for _ in 0..<count { await publisher.publish(text) }
            return "ok"
        }
        return router
    }

    /// The same behind what most applications use.
    private static func wrappedRouter() -> Router<PeerContext> {
        let store = MemoryPersistDriver()
        let router = Router(context: PeerContext.self)
        router.addMiddleware {
            RequestIDMiddleware()
            CompressionMiddleware(minimumSize: 512)
            SessionMiddleware(store: store)
        }
        router.get("plaintext") { _, _ in "Hello, World!" }
        router.get("user/:id") { _, context in
            let id = try context.parameters.require("id", as: Int.self)
            return "\(id)"
        }
        router.post("log-in") { _, _ in try await SessionMiddleware.logIn(store) }
        return router
    }

    private static func run<Context: RequestContext>(
        _ router: Router<Context>, _ port: Int, _ services: any Service...
    ) async throws where Context.Source == ApplicationRequestContextSource {
        var app = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 4096),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)))
        for service in services { app.addServices(service) }
        try await app.runService()
    }

    /// An `AsyncStream` for each subscriber and a body that writes what it yields, until the client is gone.
    private static func stream(_ request: Request, _ publisher: Publisher<String>) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                let (id, texts) = publisher.subscribe()
                try await writer.write(ByteBuffer(string: ":\n\n"))
                try await request.body.consumeWithInboundCloseHandler { _ in
                    for await text in texts {
                        try await writer.write(ByteBuffer(string: "event: message\ndata: \(text)\n\n"))
                    }
                } onInboundClosed: {
                    publisher.unsubscribe(id)
                }
                try await writer.finish(nil)
            })
    }
}
