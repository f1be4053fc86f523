import CZlib
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server that does what a test says, request by request.
final class ScriptedServer: Sendable {
    private let channel: any Channel
    private let exchanges: AsyncQueue<Exchange>
    let port: Int

    private init(_ channel: any Channel, _ exchanges: AsyncQueue<Exchange>) {
        self.channel = channel
        self.exchanges = exchanges
        port = channel.localAddress?.port ?? 0
    }

    /// Runs a test's script against a server of its own.
    static func run(_ script: (ScriptedServer) async throws -> Void) async throws {
        let exchanges = AsyncQueue<Exchange>()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
                    try pipeline.addHandler(Collector(exchanges))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(channel, exchanges)
        do {
            try await script(server)
        } catch {
            try? await channel.close().get()
            throw error
        }
        try await channel.close().get()
    }

    func url(_ path: String = "/stream") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// The next request that arrives.
    func next() async -> Exchange { await exchanges.next() }

    /// One request, and what is answered to it.
    struct Exchange: Sendable {
        let channel: any Channel
        let head: HTTPRequestHead
        let body: ByteBuffer

        func header(_ name: String) -> String? { head.headers.first(name: name) }

        func respond(_ status: Int, _ headers: HTTPHeaders = [:], _ text: String = "") async throws {
            try await respond(status, headers, ByteBuffer(string: text))
        }

        func respond(_ status: Int, _ headers: HTTPHeaders, _ body: ByteBuffer) async throws {
            var headers = headers
            if status != 204 { headers.add(name: "content-length", value: "\(body.readableBytes)") }
            // In one go: a client that does not care for the body may close as soon as it has the head.
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            channel.write(HTTPServerResponsePart.head(head), promise: nil)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
            try await write(.end(nil))
        }

        func open(_ headers: HTTPHeaders = ["content-type": "text/event-stream"]) async throws {
            try await write(.head(.init(version: .http1_1, status: .ok, headers: headers)))
        }

        func send(_ text: String) async throws { try await send(ByteBuffer(string: text)) }
        func send(_ bytes: ByteBuffer) async throws { try await write(.body(.byteBuffer(bytes))) }
        func end() async throws { try await write(.end(nil)) }

        /// Closes the socket in the middle of what is being said.
        func cut() async throws { try await channel.close().get() }

        /// Waits until the client has closed its socket.
        func waitUntilClosed() async throws { try await channel.closeFuture.get() }

        private func write(_ part: HTTPServerResponsePart) async throws { try await channel.writeAndFlush(part).get() }
    }
}

/// Puts a request together and hands it to the script.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private let exchanges: AsyncQueue<ScriptedServer.Exchange>
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ exchanges: AsyncQueue<ScriptedServer.Exchange>) { self.exchanges = exchanges }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            if let head { exchanges.add(.init(channel: context.channel, head: head, body: body)) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// gzip in pieces, each flushed so that it can be read without the next.
final class GzipWriter {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() {
        stream.initialize(to: z_stream())
        deflateInit2_(
            stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func piece(_ text: String) -> ByteBuffer { write(text, Z_SYNC_FLUSH) }
    func last(_ text: String = "") -> ByteBuffer { write(text, Z_FINISH) }

    private func write(_ text: String, _ flush: Int32) -> ByteBuffer {
        var input = Array(text.utf8)
        var output = ByteBuffer()
        let capacity = Int(deflateBound(stream, UInt(input.count))) + 64
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { target in
            input.withUnsafeMutableBufferPointer { source in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                deflate(stream, flush)
            }
            return target.count - Int(stream.pointee.avail_out)
        }
        return output
    }
}
