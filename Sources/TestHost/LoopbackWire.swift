import HTTPTypes
import MartletCore
import MartletServer
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Serves the application on a free port of this machine, and sends each request over a socket of its own.
///
/// Both ends of the sockets are in this process, so it is known what is on its way between them.
final class LoopbackWire: TestWire {
    /// Small buffers, so that a client that does not read is soon noticed.
    static let streamBufferBytes = 16 * 1024

    private let starting: Task<Server, any Error>
    private let eventLoop: any EventLoop
    private let monitor: ActivityMonitor
    private let json: JSON
    private let arrivals: Arrivals

    init(_ application: Application, _ group: MultiThreadedEventLoopGroup, _ monitor: ActivityMonitor) {
        eventLoop = application.executors[0].eventLoop
        self.monitor = monitor
        json = application.json
        arrivals = Arrivals()
        starting = Task {
            do {
                return try await Server(
                    application, .init(port: 0), group, sendBufferBytes: LoopbackWire.streamBufferBytes)
            } catch {
                try? await group.shutdownGracefully()
                throw error
            }
        }
    }

    var server: Server {
        get async throws { try await starting.value }
    }

    var movementCount: Int { arrivals.count.load(ordering: .relaxed) }

    /// True where an end has not seen yet what the other has sent, or that the other has gone.
    var isSending: Bool {
        get async {
            let (readers, leaving) = arrivals.streams.withLock { ($0.readers, $0.leaving) }
            guard !readers.isEmpty || !leaving.isEmpty, let sent = try? await server.bytesUnderWay() else {
                return false
            }
            arrivals.streams.withLock { $0.leaving.formIntersection(sent.keys) }
            if leaving.contains(where: { sent[$0] != nil }) { return true }
            if readers.keys.contains(where: { sent[$0] != 0 }) { return true }
            let channels = Array(readers.values)
            return (try? await eventLoop.submit { channels.contains { $0.unreadBytes > 0 } }.get()) ?? false
        }
    }

    func close() {
        Task { [starting] in try await starting.value.stop() }
    }

    func send(_ request: TestRequest, wantsStream: Bool) async throws -> TestAnswer {
        let address = try await server.address
        let bytes = try request.wireBytes(for: address)
        monitor.takeOff()
        defer { monitor.land() }
        let promise = eventLoop.makePromise(of: LoopbackConnection.Arrival.self)
        let channel: any Channel
        do {
            var bootstrap = ClientBootstrap(group: eventLoop)
            if wantsStream {
                // With the large segments of loopback, a small window that had closed would open late.
                bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(Self.streamBufferBytes))
                    .channelOption(ChannelOptions.Types.SocketOption(level: .tcp, name: .tcp_maxseg), value: 1400)
            }
            channel =
                try await bootstrap
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { [arrivals] channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = LoopbackConnection(isHead: request.method == .head, promise, arrivals)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(host: address.host, port: address.port).get()
        } catch {
            promise.fail(error)
            throw error
        }
        let port = channel.localAddress?.port
        // Where this fails, the connection ends, and that is what the promise tells.
        channel.writeAndFlush(bytes, promise: nil)
        let arrival = try await promise.futureResult.get()
        let log = monitor.log(ofPort: port)
        switch arrival {
        case .whole(let response):
            let status = HTTPResponse.Status(
                code: response.status, reasonPhrase: String(response.statusLine.dropFirst("HTTP/1.1 200 ".count)))
            let body = ByteBuffer(bytes: response.body)
            return .response(TestResponse(status, response.headers, body, request, log, json))
        case .stream(let head, let incoming):
            let link = LoopbackLink(channel: channel, port: port ?? 0, arrivals: arrivals)
            guard wantsStream else {
                await link.disconnect()
                return .unwantedStream
            }
            guard head["Content-Encoding"] == nil else {
                await link.disconnect()
                throw TestStreamError("\(request) is compressed: a test's client reads streams that are not.")
            }
            if let port {
                arrivals.streams.withLock { $0.readers[port] = channel }
                channel.closeFuture.whenComplete { [arrivals] _ in
                    arrivals.streams.withLock { $0.readers[port] = nil }
                }
            }
            return .stream(incoming, link, head.headers, log)
        }
    }
}

/// What is known at the clients' ends of the sockets.
private final class Arrivals: Sendable {
    /// How often something came.
    let count = Atomic<Int>(0)
    struct Streams {
        /// Those that read a stream, by their ports.
        var readers: [Int: any Channel] = [:]
        /// The ports of those that have gone; the server may not know.
        var leaving: Set<Int> = []
    }
    let streams = Mutex(Streams())
}

/// The client's end of a connection that carries one request.
// Confined to its event loop.
private final class LoopbackConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    enum Arrival: Sendable {
        case whole(RawResponse)
        /// The head of an event stream; what follows goes there.
        case stream(RawResponse, IncomingEvents)
    }

    private var reader: ResponseReader
    private let isHead: Bool
    private let promise: EventLoopPromise<Arrival>
    private let arrivals: Arrivals
    private var incoming: IncomingEvents?
    private var isOver = false

    init(isHead: Bool, _ promise: EventLoopPromise<Arrival>, _ arrivals: Arrivals) {
        self.isHead = isHead
        reader = ResponseReader(isHead: isHead)
        self.promise = promise
        self.arrivals = arrivals
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrivals.count.add(1, ordering: .relaxed)
        #if os(Linux)
        // The host counts what was not acknowledged, and would wait for an acknowledgement that the kernel puts off.
        try? context.channel.syncOptions?.setOption(
            ChannelOptions.Types.SocketOption(level: .tcp, name: .tcp_quickack), value: 1)
        #endif
        feed(Array(unwrapInboundIn(data).readableBytesView), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        arrivals.count.add(1, ordering: .relaxed)
        feed(nil, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func feed(_ bytes: [UInt8]?, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        do {
            let whole = try reader.feed(bytes)
            if let whole, whole.status < 200 {
                // Not the last word (RFC 9110 section 15.2).
                let rest = reader.rest
                reader = ResponseReader(isHead: isHead)
                return feed(rest, context)
            }
            if incoming == nil, !isHead, let head = reader.head, head.isEventStream {
                // The opening comment is no news.
                let incoming = IncomingEvents(uncountedComments: 1)
                self.incoming = incoming
                promise.succeed(.stream(head, incoming))
            }
            if let incoming {
                let body = reader.takeBody()
                if !body.isEmpty { incoming.receive(ByteBuffer(bytes: body)) }
            }
            if let whole {
                isOver = true
                if let incoming { incoming.end() } else { promise.succeed(.whole(whole)) }
                context.close(promise: nil)
            }
        } catch {
            isOver = true
            if let incoming { incoming.end() } else { promise.fail(error) }
            context.close(promise: nil)
        }
    }
}

extension NIOBSDSocket.Option {
    /// TCP_MAXSEG of tcp(7), the same number on Linux and Darwin.
    fileprivate static let tcp_maxseg = NIOBSDSocket.Option(rawValue: 2)
}

#if os(Linux)
extension NIOBSDSocket.Option {
    /// TCP_QUICKACK of tcp(7), which holds until the kernel thinks otherwise.
    fileprivate static let tcp_quickack = NIOBSDSocket.Option(rawValue: 12)
}
#endif

extension RawResponse {
    var headers: HTTPFields {
        var headers = HTTPFields()
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        return headers
    }

    fileprivate var isEventStream: Bool {
        self["Content-Type"]?.hasPrefix("text/event-stream") == true && self["Content-Length"] == nil
    }
}

extension Channel {
    /// What the kernel has received and nobody has read, as far as it tells. Asked on the event loop.
    fileprivate var unreadBytes: Int {
        #if canImport(Glibc)
        let count = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            var count: CInt = 0
            return ioctl($0, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
        }
        return (count ?? nil) ?? 0
        #else
        return 0
        #endif
    }
}

private struct LoopbackLink: StreamLink {
    let channel: any Channel
    let port: Int
    let arrivals: Arrivals

    func disconnect() async {
        if channel.isActive { arrivals.streams.withLock { _ = $0.leaving.insert(port) } }
        try? await channel.close().get()
    }

    func stall() async {
        arrivals.streams.withLock { $0.readers[port] = nil }
        try? await channel.setOption(.autoRead, value: false).get()
    }

    func resume() async {
        if channel.isActive { arrivals.streams.withLock { $0.readers[port] = channel } }
        try? await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }
}

extension TestRequest {
    /// - Throws: `TestHostError` for what would be another request on the wire.
    fileprivate func wireBytes(for address: Server.Address) throws -> ByteBuffer {
        guard !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw TestHostError("The target '\(target)' cannot be sent: percent-encode what is not printable ASCII.")
        }
        var head = "\(method.rawValue) \(target) HTTP/1.1\r\n"
        if !headers.contains(where: { $0.name.canonicalName == "host" }) {
            head += "Host: \(address.host):\(address.port)\r\n"
        }
        for field in headers { head += "\(field.name.rawName): \(field.value)\r\n" }
        if content.readableBytes > 0 || [.post, .put, .patch].contains(method), headers[.contentLength] == nil {
            head += "Content-Length: \(content.readableBytes)\r\n"
        }
        var bytes = ByteBuffer(string: head + "\r\n")
        bytes.writeImmutableBuffer(content)
        return bytes
    }
}
