import HTTPTypes
import MartletCore
import NIOCore

/// A client's connection: takes its requests one at a time and in order, has the application answer each, and writes the
/// answers. While an event stream goes on, the connection belongs to that, and requests that came meanwhile wait.
///
/// The files around it: `RequestParser` reads, `RequestHead` checks, `RequestBodyFeed` hands the body on, `ResponseWriting`
/// writes.
// Confined to its event loop; the tasks it starts run there and come back to it there.
final class Connection: ChannelInboundHandler, ChannelOutboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum State {
        /// Waits for a request.
        case idle
        case answering(Exchange)
        /// An event stream: what the peer sends waits for its end, where the connection goes on then.
        case streaming(ConnectionSink)
        /// The last response is written: what comes is dropped until the peer closes or the time is over.
        case closing
    }

    let application: Application
    let loop: EventLoopState
    var state = State.idle
    private(set) var context: ChannelHandlerContext?
    /// nil before the channel and after it.
    private(set) var output: SocketOutput?
    private let id: UInt64
    private var client: ClientInfo?
    private var parser = RequestParser()
    /// What was received and is not taken up yet.
    private var unread = ByteBuffer()
    private var isAdvancing = false
    private var isReading = false
    private var withholdsRead = false
    private(set) var isDraining = false
    /// True where nothing that the peer still sends is a request to answer.
    private var isDeaf = false
    /// When the connection is over unless something happens; nil while the application works.
    private var deadline: NIODeadline?
    private var isHeadUnderway = false
    /// How much was under way to a peer that is behind at the last check, and for how long that has not changed.
    private var bytesUnread = 0
    private var secondsUnread = 0
    /// nil until an event stream begins.
    private var peerWatch: PeerWatch?

    /// How long a connection that was answered for the last time may take to close.
    static let lingering = Duration.seconds(2)
    /// How many bytes of later requests are kept before reading stops.
    private static let maxUnreadBytes = 64 * 1024

    init(id: UInt64, application: Application, loop: EventLoopState) {
        self.id = id
        self.application = application
        self.loop = loop
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        output = SocketOutput(context)
        loop.add(self)
        deadline = .now() + TimeAmount(application.limits.headerTimeout)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        let last = state
        state = .closing
        isDeaf = true
        unread = ByteBuffer()
        self.context = nil
        output = nil
        switch last {
        case .answering(let exchange): exchange.cancel()
        case .streaming(let sink): sink.channelClosed()
        case .idle, .closing: break
        }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        isReading = true
        var bytes = unwrapInboundIn(data)
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.discardReadBytes()
            unread.writeBuffer(&bytes)
        }
        advance()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if case .answering(let exchange) = state, !exchange.hasStarted { start(exchange) }
        flushIfNeeded()
    }

    /// NIO asks here before it reads on: not while the application is slower than the peer.
    func read(context: ChannelHandlerContext) {
        withholdsRead = unread.readableBytes >= Self.maxUnreadBytes
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
        case .idle:
            advance()
        case .closing:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: - Requests, one after the other

    /// Takes up what was received, as far as the state allows. A loop and not recursion: however many small requests one
    /// read holds, the stack stays as it is.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        do throws(HTTPError) {
            while try takeNext() {}
        } catch {
            broke(error)
        }
        // The memory of what was read is let go.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        resumeReading()
    }

    /// - Returns: false when nothing is left that can be taken up now.
    private func takeNext() throws(HTTPError) -> Bool {
        switch state {
        case .idle where context?.channel.isWritable == true:
            guard let head = try parser.head(from: &unread, limits: application.limits) else {
                noteHeadUnderway()
                return false
            }
            isHeadUnderway = false
            deadline = nil
            peerWatch = nil
            state = .answering(Exchange(head))
        case .answering(let exchange) where exchange.takesBody:
            switch try parser.body(from: &unread, limits: application.limits) {
            case .bytes(let bytes): receive(bytes, exchange)
            case .end: complete(exchange)
            case nil: return false
            }
        case .idle, .answering, .streaming, .closing:
            // Requests wait for a peer that does not read its responses.
            return false
        }
        return true
    }

    /// What came is no request: nothing behind it can be understood.
    private func broke(_ error: HTTPError) {
        unread = ByteBuffer()
        guard case .answering(let exchange) = state, exchange.hasStarted else { return refuse(error) }
        // The body's own framing is broken: whoever reads it must know.
        exchange.isBodyBroken = true
        exchange.feed?.fail(error)
    }

    private func complete(_ exchange: Exchange) {
        exchange.isBodyComplete = true
        exchange.feed?.complete()
        if !exchange.hasStarted { start(exchange) }
    }

    private func receive(_ bytes: ByteBuffer, _ exchange: Exchange) {
        exchange.receivedBytes += bytes.readableBytes
        exchange.needsContinue = false
        if let feed = exchange.feed {
            feed.receive(bytes)
        } else {
            exchange.earlyBody.writeImmutableBuffer(bytes)
        }
    }

    /// Has the application answer: when the request is complete, or when its body will take longer than this read.
    private func start(_ exchange: Exchange) {
        guard let context else { return }
        exchange.hasStarted = true
        let request = Request(
            method: exchange.head.method, target: exchange.head.target, scheme: exchange.head.scheme ?? "http",
            headers: exchange.head.headers, body: body(of: exchange))
        let ctx = application.context(
            request: request, client: clientInfo(context.channel), eventLoop: context.eventLoop)
        let answer = application.answer(ctx)
        if case .now(let response) = answer, !response.body.isStreamed {
            return sendAtOnce(response, for: exchange, ctx)
        }
        let task = loop.executor.start { [self] in
            let response =
                switch answer {
                case .now(let response): response
                case .later(let make): await make()
                }
            if response.body.isStreamed {
                await send(response, for: exchange, ctx)
            } else {
                sendAtOnce(response, for: exchange, ctx)
            }
        }
        if exchange.isCancelled {
            task.cancel()
        } else if case .answering(let current) = state, current === exchange {
            exchange.task = task
        }
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
        advance()
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
        let isHead = if case .answering(let exchange) = state { exchange.head.method == .head } else { parser.isHead }
        write(errorResponse(error, isHead: isHead))
        beginClosing()
    }

    // MARK: - Ends

    // A connection that is not broken off ends in this order, and `checkTime` sees to it that it gets on:
    //  1. `beginClosing`: the peer takes what was written, for as long as it takes anything (`takesNothing`).
    //  2. Everything is in the kernel, and this side is closed: the peer has the time of `lingering` to close its own.
    //  3. The connection is closed. What the kernel still has is delivered by it.

    /// The response is written. The connection waits for its next request, or ends.
    ///
    /// - Parameter keepAlive: what the response's head has said; true only where the request's body is complete.
    func finish(_ exchange: Exchange, keepAlive: Bool) {
        guard case .answering(let current) = state, current === exchange else { return }
        exchange.feed?.fail(RequestBodyConsumedError())
        exchange.feed = nil
        guard keepAlive, !isDraining else { return beginClosing() }
        becomeIdle()
        flushIfNeeded()
        advance()
    }

    /// The event stream is written to its end. The connection waits for its next request, or ends.
    ///
    /// - Parameter keepAlive: what the stream's head has said.
    func streamEnded(keepAlive: Bool) {
        guard case .streaming = state else { return }
        guard keepAlive, !isDraining else { return beginClosing() }
        flush()
        // The flush may have found the peer gone.
        guard case .streaming = state else { return }
        becomeIdle()
        // Not here: whoever ends the stream is in the middle of it.
        if unread.readableBytes > 0 { loop.executor.eventLoop.execute { [self] in advance() } }
    }

    private func becomeIdle() {
        state = .idle
        deadline = .now() + TimeAmount(application.limits.keepAliveTimeout)
    }

    /// Ends the connection behind what was written, be it responses or an event stream. Closing while the peer still sends
    /// would make its kernel discard that, so this side goes first, and what comes is read and dropped for a while.
    func beginClosing() {
        state = .closing
        isDeaf = true
        unread = ByteBuffer()
        deadline = nil
        flush()
        guard let context else { return }
        withholdsRead = false
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in
            deadline = .now() + TimeAmount(Self.lingering)
            context.close(mode: .output, promise: nil)
        }
        context.read()
    }

    func drain() {
        isDraining = true
        guard case .idle = state, !isHeadUnderway else { return }
        flush()
        // The peer may still be taking its last response.
        if output?.isHeldUp == true { beginClosing() } else { context?.close(promise: nil) }
    }

    // MARK: - Time

    /// A head has to be whole some time after its first byte.
    private func noteHeadUnderway() {
        guard !isHeadUnderway, parser.isInHead || unread.readableBytes > 0 else { return }
        isHeadUnderway = true
        deadline = .now() + TimeAmount(application.limits.headerTimeout)
    }

    /// Called once a second by the loop's timer.
    func checkTime(_ now: NIODeadline) {
        if case .answering(let exchange) = state, !exchange.isBodyComplete, !withholdsRead, !exchange.needsContinue {
            checkBodyRate(exchange)
        }
        guard let context, let output else { return }
        if isPeerGone(output) || takesNothing(output) { return context.close(promise: nil) }
        guard let deadline, now >= deadline else { return }
        self.deadline = nil
        if case .idle = state, isHeadUnderway {
            refuse(HTTPError(.requestTimeout, "The request's head took too long."))
        } else if case .idle = state, output.isHeldUp {
            // It is not idle while it takes its response; whether it takes anything is looked after above.
            self.deadline = now + TimeAmount(application.limits.keepAliveTimeout)
        } else {
            context.close(promise: nil)
        }
    }

    /// True when an event stream's peer has not answered for so long that it is gone within two heartbeats.
    private func isPeerGone(_ output: SocketOutput) -> Bool {
        if case .streaming(let sink) = state, sink.takeWasSentTo() { output.mayBeUnderWay = true }
        guard let seconds = peerWatch?.look(at: output) else { return false }
        let heartbeat = application.limits.heartbeat.components.seconds
        return seconds > max(1, heartbeat - heartbeat / 3)
    }

    /// True when the peer has taken nothing for longer than it may. While an event stream goes on its topics' policies for
    /// slow readers say how long that is.
    private func takesNothing(_ output: SocketOutput) -> Bool {
        if case .streaming = state { return false }
        guard output.isHeldUp else {
            secondsUnread = 0
            return false
        }
        // With what the kernel holds: it takes more only when much of that is gone.
        let bytes = bytesUnderWay
        secondsUnread = bytes == bytesUnread ? secondsUnread + 1 : 0
        bytesUnread = bytes
        return secondsUnread > secondsToTake
    }

    /// As long as a connection may be idle. At a shutdown not so long for a stream: the next process waits for this one to
    /// end, and its readers come back to that for the rest.
    private var secondsToTake: Int64 {
        let isSentOn = isDraining && peerWatch != nil
        return (isSentOn ? Self.lingering : application.limits.keepAliveTimeout).components.seconds
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

    /// Reads on during an event stream: so it is known that the peer has closed. Of one that is gone without a word the
    /// watch knows.
    func becomeStream(keepAlive: Bool) {
        if !keepAlive {
            isDeaf = true
            unread = ByteBuffer()
        }
        peerWatch = PeerWatch()
        resumeReading()
    }

    // MARK: - Writing

    func write(_ buffer: ByteBuffer) { output?.write(buffer) }

    func flush() { output?.flush() }

    /// While a read is going on, one flush behind it serves all the responses to it.
    func flushIfNeeded() {
        if !isReading { flush() }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
