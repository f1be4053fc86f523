import HTTPTypes
import MartletCore
import NIOCore
import NIOHTTP1

/// A client's connection: takes requests from the decoder one at a time and in order, has the application answer each,
/// and writes the answers. After an event stream has begun it belongs to that.
///
/// The files around it: `RequestHead` checks, `RequestBodyFeed` hands the body on, `ResponseWriting` writes.
// Confined to its event loop; the tasks it starts run there and come back to it there.
final class Connection: ChannelInboundHandler, ChannelOutboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum State {
        /// Waits for a request.
        case idle
        case answering(Exchange)
        /// An event stream: what the peer sends is of no interest any more.
        case streaming(ConnectionSink)
        /// The last response is written: what comes is dropped until the peer closes or the time is over.
        case closing
    }

    /// What the decoder delivered and the connection has not taken up yet.
    private enum Incoming {
        case part(HTTPServerRequestPart)
        case refused(HTTPError)
    }

    let application: Application
    let loop: EventLoopState
    var state = State.idle
    private(set) var context: ChannelHandlerContext?
    private let id: UInt64
    private var client: ClientInfo?
    private var incoming: CircularBuffer<Incoming> = []
    private var isAdvancing = false
    private var isReading = false
    private var needsFlush = false
    private var withholdsRead = false
    private(set) var isDraining = false
    /// When the connection is over unless something happens; nil while the application works.
    private var deadline: NIODeadline?
    private var isHeadUnderway = false

    /// How long a connection that was answered for the last time may take to close.
    static let lingering = TimeAmount.seconds(2)
    /// How many parts of later requests are kept before reading stops.
    private static let maxIncomingParts = 64

    init(id: UInt64, application: Application, loop: EventLoopState) {
        self.id = id
        self.application = application
        self.loop = loop
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        deadline = .now() + TimeAmount(application.limits.headerTimeout)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        let last = state
        state = .closing
        incoming.removeAll()
        self.context = nil
        switch last {
        case .answering(let exchange): exchange.cancel()
        case .streaming(let sink): sink.channelClosed()
        case .idle, .closing: break
        }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .streaming, .closing:
            // Not even unwrapped: the decoder may be gone already.
            return
        case .idle, .answering:
            isReading = true
            incoming.append(.part(unwrapInboundIn(data)))
            advance()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if case .answering(let exchange) = state, exchange.task == nil { start(exchange) }
        flushIfNeeded()
    }

    /// NIO asks here before it reads on: not while the application is slower than the peer.
    func read(context: ChannelHandlerContext) {
        withholdsRead = incoming.count >= Self.maxIncomingParts
        if case .answering(let exchange) = state, exchange.feed?.isFull == true { withholdsRead = true }
        if !withholdsRead { context.read() }
    }

    private func resumeReading() {
        guard withholdsRead, let context else { return }
        read(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        switch state {
        case .answering(let exchange):
            exchange.waitingWriter?.resume()
            exchange.waitingWriter = nil
        case .streaming(let sink):
            sink.becameWritable()
        case .idle, .closing:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, state) {
        case (HTTPParserError.headerOverflow, .idle), (HTTPParserError.headerOverflow, .answering):
            incoming.append(.refused(HTTPError(.requestHeaderFieldsTooLarge, "The header is too large.")))
            advance()
        case (is HTTPParserError, .idle), (is HTTPParserError, .answering), (is NIOHTTPDecoderError, .idle),
            (is NIOHTTPDecoderError, .answering):
            incoming.append(.refused(HTTPError(.badRequest, "The request is malformed.")))
            advance()
        case (is HTTPParserError, .closing):
            break
        default:
            context.close(promise: nil)
        }
    }

    // MARK: - Requests, one after the other

    /// Takes up what was delivered, as far as the state allows. A loop and not recursion: however many small requests one
    /// read holds, the stack stays as it is.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while let next = incoming.first {
            switch (state, next) {
            case (.idle, .part(.head(let head))):
                receive(head)
            case (.idle, .refused(let error)):
                refuse(error)
            case (.answering(let exchange), .part(.body(let bytes))) where !exchange.isBodyComplete:
                receive(bytes, exchange)
            case (.answering(let exchange), .part(.end)) where !exchange.isBodyComplete:
                exchange.isBodyComplete = true
                exchange.feed?.complete()
                if exchange.task == nil { start(exchange) }
            case (.answering(let exchange), .refused(let error)) where !exchange.isBodyComplete:
                // The body's own framing is broken: whoever reads it must know.
                if exchange.task == nil { refuse(error) } else { exchange.feed?.fail(error) }
                exchange.isBodyComplete = exchange.task == nil
                if exchange.task != nil { return }
            case (.answering, _):
                return
            case (.idle, .part), (.streaming, _), (.closing, _):
                break
            }
            if !incoming.isEmpty { incoming.removeFirst() }
        }
        resumeReading()
    }

    private func receive(_ head: HTTPRequestHead) {
        isHeadUnderway = false
        deadline = nil
        do throws(HTTPError) {
            let exchange = Exchange(try RequestHead(head, limits: application.limits))
            state = .answering(exchange)
        } catch {
            refuse(error)
        }
    }

    private func receive(_ bytes: ByteBuffer, _ exchange: Exchange) {
        exchange.receivedBytes += bytes.readableBytes
        if let feed = exchange.feed {
            feed.receive(bytes)
        } else if exchange.task == nil {
            exchange.earlyBody.writeImmutableBuffer(bytes)
        }
    }

    /// Has the application answer: when the request is complete, or when its body will take longer than this read.
    private func start(_ exchange: Exchange) {
        guard let context else { return }
        let request = Request(
            method: exchange.head.method, target: exchange.head.target, headers: exchange.head.headers,
            body: body(of: exchange))
        let ctx = application.context(
            request: request, client: clientInfo(context.channel), eventLoop: context.eventLoop)
        let task = loop.executor.start { [self] in
            let response = await application.respond(to: ctx)
            await send(response, for: exchange, ctx)
        }
        if case .answering(let current) = state, current === exchange { exchange.task = task }
    }

    private func body(of exchange: Exchange) -> RequestBody {
        guard !exchange.isBodyComplete else {
            defer { exchange.earlyBody = ByteBuffer() }
            return exchange.earlyBody.readableBytes == 0 ? .empty : RequestBody(exchange.earlyBody)
        }
        let feed = RequestBodyFeed(eventLoop: loop.executor.eventLoop)
        if exchange.earlyBody.readableBytes > 0 { feed.receive(exchange.earlyBody) }
        exchange.earlyBody = ByteBuffer()
        exchange.feed = feed
        feed.onDemand = { [weak self] in self?.bodyDemanded(exchange) }
        let declared: Int? = if case .length(let length) = exchange.head.body { length } else { nil }
        return RequestBody(stream: feed, declaredLength: declared)
    }

    /// RFC 9110 section 10.1.1: the client that asked waits for this before it sends its content.
    private func bodyDemanded(_ exchange: Exchange) {
        if exchange.needsContinue {
            exchange.needsContinue = false
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
            flush()
        }
        resumeReading()
    }

    private func clientInfo(_ channel: any Channel) -> ClientInfo {
        if let client { return client }
        let address = channel.remoteAddress
        let made = ClientInfo(connectionID: id, address: address?.ipAddress ?? "unknown", port: address?.port ?? 0)
        client = made
        return made
    }

    /// Answers what is no request, and ends the connection.
    func refuse(_ error: HTTPError) {
        write(errorResponse(error))
        beginClosing()
    }

    // MARK: - Ends

    /// The response is written. The connection waits for its next request, or ends.
    func finish(_ exchange: Exchange, keepAlive: Bool) {
        guard case .answering(let current) = state, current === exchange else { return }
        exchange.feed?.fail(RequestBodyConsumedError())
        exchange.feed = nil
        guard keepAlive, exchange.isBodyComplete, !isDraining else { return beginClosing() }
        state = .idle
        // The end part that completed the request may still be the first in line.
        deadline = .now() + TimeAmount(application.limits.keepAliveTimeout)
        flushIfNeeded()
        advance()
    }

    /// Ends the connection behind what was written. Closing while the peer still sends would make its kernel discard the
    /// response, so this side goes first, and what comes is read and dropped for a while.
    func beginClosing() {
        state = .closing
        incoming.removeAll()
        deadline = .now() + Self.lingering
        guard let context else { return }
        withholdsRead = false
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()))
            .assumeIsolated()
            .whenComplete { _ in context.close(mode: .output, promise: nil) }
        context.read()
    }

    func drain() {
        isDraining = true
        if case .idle = state, !isHeadUnderway { context?.close(promise: nil) }
    }

    // MARK: - Time

    func bytesArrived() {
        guard case .idle = state, !isHeadUnderway else { return }
        isHeadUnderway = true
        deadline = .now() + TimeAmount(application.limits.headerTimeout)
    }

    /// Called once a second by the loop's timer.
    func checkTime(_ now: NIODeadline) {
        if case .answering(let exchange) = state, !exchange.isBodyComplete, !withholdsRead, !exchange.needsContinue {
            checkBodyRate(exchange)
        }
        guard let deadline, now >= deadline else { return }
        self.deadline = nil
        if case .idle = state, isHeadUnderway {
            refuse(HTTPError(.requestTimeout, "The request's head took too long."))
        } else {
            context?.close(promise: nil)
        }
    }

    private func checkBodyRate(_ exchange: Exchange) {
        exchange.secondsReading += 1
        let limits = application.limits
        guard exchange.secondsReading > Int(limits.bodyRateGrace.components.seconds),
            exchange.receivedBytes < exchange.secondsReading * limits.minBodyBytesPerSecond
        else { return }
        let error = HTTPError(.requestTimeout, "The body came too slowly.")
        if let feed = exchange.feed { feed.fail(error) } else { refuse(error) }
    }

    /// Gives an event stream some time to be taken, then ends the connection.
    func closeAfter(_ time: TimeAmount) {
        state = .closing
        deadline = .now() + time
    }

    // MARK: - Writing

    func write(_ buffer: ByteBuffer) {
        context?.write(wrapOutboundOut(buffer), promise: nil)
        needsFlush = true
    }

    func flush() {
        needsFlush = false
        context?.flush()
    }

    /// While a read is going on, one flush behind it serves all the responses to it.
    func flushIfNeeded() {
        if needsFlush, !isReading { flush() }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
