import Martlet

/// One producer and one reader: the answers of language models, and exports. Each gives `n` events.
@Controller
struct ProduceController {
    /// GET /produce/send: no faster than the client reads
    @GET func send(_ ctx: Context, @Query n: Int) -> EventStream {
        ctx.sse.stream { client in
            for index in 0..<n {
                try await client.whenWritable()
                try client.send(event: "message", data: "token \(index)")
            }
        }
    }

    /// GET /produce/sequence: what an action returns
    func sequence(@Query n: Int) -> Tokens { Tokens(count: n) }

    /// GET /produce/stream: the same in the standard library's sequence, filled beforehand
    func stream(@Query n: Int) -> AsyncStream<ServerSentEvent> {
        AsyncStream { continuation in
            for index in 0..<n { continuation.yield(ServerSentEvent(event: "message", data: "token \(index)")) }
            continuation.finish()
        }
    }

    /// GET /produce/write: the same bytes as a body, written piece by piece
    @GET func write(@Query n: Int) -> Response {
        Response(
            body: .stream { writer in
                for index in 0..<n { try await writer.write("event: message\ndata: token \(index)\n\n") }
            })
    }
}

struct Tokens: AsyncSequence, Sendable {
    let count: Int

    func makeAsyncIterator() -> Iterator { Iterator(count: count) }

    struct Iterator: AsyncIteratorProtocol {
        let count: Int
        private var index = 0

        init(count: Int) { self.count = count }

        mutating func next() async -> ServerSentEvent? {
            guard index < count else { return nil }
            defer { index += 1 }
            return ServerSentEvent(event: "message", data: "token \(index)")
        }
    }
}
