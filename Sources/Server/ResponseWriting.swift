import HTTPTypes
import MartletCore
import NIOCore

/// From a response to bytes: the head and a body that exists are one buffer.
extension Connection {
    /// Larger bodies are written as they are, behind the head, and not copied.
    private static let copiedBodyBytes = 16 * 1024

    func send(_ response: Response, for exchange: Exchange, _ ctx: Context) async {
        guard case .stream(let length, let body) = response.body, response.status.isFinalWithContent else {
            return sendAtOnce(response, for: exchange, ctx)
        }
        guard case .answering(let current) = state, current === exchange else { return }
        await stream(response, length: length, body, for: exchange)
    }

    /// A response that it takes no task to write.
    func sendAtOnce(_ response: Response, for exchange: Exchange, _ ctx: Context) {
        guard case .answering(let current) = state, current === exchange else { return }
        guard response.status.code >= 200 else {
            application.logger.error(
                "an action's status is not a final one", metadata: ["status": "\(response.status)"])
            return whole(HTTPError(.internalServerError).response(application.json), for: exchange)
        }
        guard case .events(let events) = response.body, response.status.hasContent else {
            return whole(response, for: exchange)
        }
        open(events, response, for: exchange, ctx)
    }

    private func whole(_ response: Response, for exchange: Exchange) {
        let keepAlive = staysOpen(exchange)
        writeWhole(response, for: exchange, keepAlive: keepAlive)
        finish(exchange, keepAlive: keepAlive)
    }

    private func staysOpen(_ exchange: Exchange) -> Bool {
        exchange.head.keepAlive && exchange.isBodyComplete && !isDraining
    }

    private func connectionField(_ exchange: Exchange, keepAlive: Bool) -> StaticString? {
        if !keepAlive { return "close" }
        return exchange.head.isHTTP10 ? "keep-alive" : nil
    }

    private func writeWhole(_ response: Response, for exchange: Exchange, keepAlive: Bool) {
        let connection = connectionField(exchange, keepAlive: keepAlive)
        let framing: BodyFraming =
            response.status.hasContent ? response.body.length.map { .length($0) } ?? .none : .none
        var content = ByteBuffer()
        if case .buffer(let buffer) = response.body, response.status.hasContent { content = buffer }
        let isCopied = content.readableBytes <= Self.copiedBodyBytes
        // Enough for most heads, so that it does not grow while it is written.
        let headBytes = 256 + 64 * max(0, response.headers.count - 3)
        var buffer = ByteBufferAllocator().buffer(capacity: headBytes + (isCopied ? content.readableBytes : 0))
        buffer.writeResponseHead(
            response.status, response.headers, framing: framing, connection: connection, date: loop.date)
        if isCopied {
            buffer.writeImmutableBuffer(content)
            write(buffer)
        } else {
            write(buffer)
            write(content)
        }
        if !keepAlive { flush() }
    }

    /// The answer to what is no request.
    func errorResponse(_ error: HTTPError, isHead: Bool) -> ByteBuffer {
        let response = error.response(application.json)
        var buffer = ByteBuffer()
        buffer.writeResponseHead(
            response.status, response.headers, framing: .length(response.body.length ?? 0), connection: "close",
            date: loop.date)
        if !isHead, case .buffer(let content) = response.body { buffer.writeImmutableBuffer(content) }
        return buffer
    }

    // MARK: - Streamed bodies

    private func stream(
        _ response: Response, length: Int?, _ body: @Sendable (BodyWriter) async throws -> Void, for exchange: Exchange
    ) async {
        let framing: BodyFraming =
            switch length {
            case let length?: .length(length)
            case nil: exchange.head.isHTTP10 ? .close : .chunked
            }
        let keepAlive = staysOpen(exchange) && framing != .close
        var head = ByteBuffer()
        head.writeResponseHead(
            response.status, response.headers, framing: framing,
            connection: connectionField(exchange, keepAlive: keepAlive), date: loop.date)
        write(head)
        // Behind the final head there is no place for an interim one.
        exchange.needsContinue = false
        let output = BodyOutput(self, exchange, framing, length: length)
        do {
            try await body(BodyWriter { try await output.write($0) })
            try output.finish()
        } catch {
            // The status is sent: only a connection that breaks off shows that the body is not whole.
            if !(error is CancellationError) {
                application.logger.error("a streamed body failed", metadata: ["error": "\(error)"])
            }
            output.flush()
            context?.close(promise: nil)
            return
        }
        finish(exchange, keepAlive: keepAlive)
    }

    // MARK: - Event streams

    private func open(_ events: EventStream, _ response: Response, for exchange: Exchange, _ ctx: Context) {
        guard let context, let output else { return }
        let isChunked = !exchange.head.isHTTP10
        let keepAlive = staysOpen(exchange) && isChunked
        let sink = ConnectionSink(
            self, context, output, isChunked: isChunked, keepAlive: keepAlive, isGzip: events.isGzip,
            deflater: ctx.sse.deflater(for: context.eventLoop))
        var head = ByteBuffer()
        head.writeResponseHead(
            response.status, response.headers, framing: isChunked ? .chunked : .close,
            connection: connectionField(exchange, keepAlive: keepAlive), date: loop.date)
        head.writeImmutableBuffer(sink.opening())
        state = .streaming(sink)
        exchange.feed?.fail(RequestBodyConsumedError())
        exchange.feed = nil
        write(head)
        flush()
        becomeStream(keepAlive: keepAlive)
        // The flush may have found the peer gone: nobody would say so again.
        guard case .streaming = state else { return }
        sink.subscriber = ctx.sse.join(events, sink: sink, connection: ctx.client, eventLoop: context.eventLoop)
    }
}

extension HTTPResponse.Status {
    /// False for the statuses whose responses end with the head (RFC 9110 section 6.4.1).
    fileprivate var hasContent: Bool { code != 204 && code != 304 }

    fileprivate var isFinalWithContent: Bool { code >= 200 && hasContent }
}
