import MartletCore
import NIOCore

/// A streamed body on its way to the connection. What is written in one turn of the event loop goes out together.
// Touched on the connection's event loop only.
final class BodyOutput: @unchecked Sendable {
    private let connection: Connection
    private let exchange: Exchange
    private let framing: BodyFraming
    private let length: Int?
    private var byteCount = 0
    /// Framed, and not given to the connection yet.
    private var waiting = ByteBuffer()
    private var isFlushDue = false

    /// How much is put together before it goes out.
    private static let mostWaitingBytes = 32 * 1024

    init(_ connection: Connection, _ exchange: Exchange, _ framing: BodyFraming, length: Int?) {
        self.connection = connection
        self.exchange = exchange
        self.framing = framing
        self.length = length
    }

    private var eventLoop: any EventLoop { connection.loop.executor.eventLoop }

    // MARK: - For the writer

    /// Writes a part of the body, and waits while the peer is slower. May be called anywhere.
    func write(_ part: ByteBuffer) async throws {
        try Task.checkCancellation()
        // Nothing has to be waited for where the body runs on the loop and the peer reads.
        if eventLoop.inEventLoop {
            try await take(part, nil)?.wait()
        } else {
            let waiter = Waiter<Void>()
            eventLoop.execute { [self] in
                do {
                    if try take(part, waiter) == nil { waiter.resume() }
                } catch {
                    waiter.resume(with: .failure(error))
                }
            }
            try await waiter.wait()
        }
    }

    /// - Parameter waiter: who waits for the peer where that has to be; nil to make one.
    /// - Returns: nil where nothing has to be waited for.
    private func take(_ part: ByteBuffer, _ waiter: Waiter<Void>?) throws -> Waiter<Void>? {
        guard isCurrent else { throw CancellationError() }
        byteCount += part.readableBytes
        if let length, byteCount > length { throw BodyLengthError(declared: length) }
        if framing == .chunked {
            waiting.writeChunk(part)
        } else if waiting.readableBytes == 0 {
            waiting = part
        } else {
            waiting.writeImmutableBuffer(part)
        }
        guard waiting.readableBytes >= Self.mostWaitingBytes || !isPeerReading else {
            flushBehindThisTurn()
            return nil
        }
        flush()
        // The flush found the peer gone.
        if exchange.isCancelled { throw CancellationError() }
        let waiter = waiter ?? Waiter()
        if isPeerReading {
            // Others on the loop have their turn before the next part.
            eventLoop.execute { waiter.resume() }
        } else {
            exchange.waitingWriter?.resume(with: .failure(CancellationError()))
            exchange.waitingWriter = waiter
        }
        return waiter
    }

    // MARK: - For the connection

    /// Sends what is left.
    ///
    /// - Throws: `BodyLengthError` where the body is shorter than its response said.
    func finish() throws {
        if let length, byteCount != length { throw BodyLengthError(declared: length) }
        if framing == .chunked { waiting.writeImmutableBuffer(.lastChunk) }
        flush()
    }

    /// Sends what was written.
    func flush() {
        guard isCurrent, waiting.readableBytes > 0 else { return }
        connection.write(waiting)
        waiting = ByteBuffer()
        connection.flush()
    }

    private func flushBehindThisTurn() {
        guard !isFlushDue else { return }
        isFlushDue = true
        eventLoop.execute { [self] in
            isFlushDue = false
            flush()
        }
    }

    private var isPeerReading: Bool { connection.context?.channel.isWritable ?? false }

    private var isCurrent: Bool {
        guard case .answering(let current) = connection.state else { return false }
        return current === exchange && connection.context != nil
    }
}

/// A streamed body that was not as long as its response said.
struct BodyLengthError: Error, CustomStringConvertible {
    let declared: Int
    var description: String { "The body does not have the \(declared) bytes that its length promised." }
}
