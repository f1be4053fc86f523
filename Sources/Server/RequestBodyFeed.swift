import MartletCore
import NIOCore

/// A request's body between the connection that receives it and the action that reads it.
// Confined to its event loop: `next` goes there before it touches anything.
final class RequestBodyFeed: RequestBodySource, @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var chunks: CircularBuffer<ByteBuffer> = []
    private var bufferedBytes = 0
    private var end: End?
    private var waiting: CheckedContinuation<ByteBuffer?, any Error>?
    /// Tells the connection that there is room, and that somebody reads.
    var onDemand: (() -> Void)?

    private enum End { case complete, failed(any Error) }

    /// How many bytes wait before the connection stops reading.
    static let highWatermark = 64 * 1024
    private static let gatheredBytes = 8 * 1024

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var isFull: Bool { bufferedBytes >= Self.highWatermark }

    func receive(_ chunk: ByteBuffer) {
        if let waiting {
            self.waiting = nil
            waiting.resume(returning: chunk)
            return
        }
        bufferedBytes += chunk.readableBytes
        // Many small chunks are gathered: each would keep all of the read that it came with in memory.
        if let last = chunks.last, last.readableBytes + chunk.readableBytes <= Self.gatheredBytes {
            chunks[chunks.index(before: chunks.endIndex)].writeImmutableBuffer(chunk)
        } else {
            chunks.append(chunk)
        }
    }

    func complete() { finish(.complete) }

    func fail(_ error: any Error) { finish(.failed(error)) }

    private func finish(_ end: End) {
        guard self.end == nil else { return }
        self.end = end
        onDemand = nil
        guard let waiting else { return }
        self.waiting = nil
        Self.resume(waiting, end)
    }

    private static func resume(_ continuation: CheckedContinuation<ByteBuffer?, any Error>, _ end: End) {
        switch end {
        case .complete: continuation.resume(returning: nil)
        case .failed(let error): continuation.resume(throwing: error)
        }
    }

    func next() async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { continuation in
            if eventLoop.inEventLoop {
                demand(continuation)
            } else {
                eventLoop.execute { self.demand(continuation) }
            }
        }
    }

    private func demand(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        if let chunk = chunks.popFirst() {
            bufferedBytes -= chunk.readableBytes
            continuation.resume(returning: chunk)
            onDemand?()
        } else if let end {
            Self.resume(continuation, end)
        } else if waiting != nil {
            continuation.resume(throwing: RequestBodyConsumedError())
        } else {
            waiting = continuation
            onDemand?()
        }
    }
}
