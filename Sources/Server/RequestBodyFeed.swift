import MartletCore
import NIOCore

/// A request's body between the connection that receives it and the action that reads it.
// Confined to its event loop: `next` goes there before it touches anything.
final class RequestBodyFeed: RequestBodySource, @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var chunks: CircularBuffer<ByteBuffer> = []
    private var bufferedBytes = 0
    private var end: End?
    private var waiting: Waiter<ByteBuffer?>?
    /// Tells the connection that there is room, and that somebody reads.
    var onDemand: (() -> Void)?

    private enum End {
        case complete, failed(any Error)

        var result: Result<ByteBuffer?, any Error> {
            switch self {
            case .complete: .success(nil)
            case .failed(let error): .failure(error)
            }
        }
    }

    /// How many bytes wait before the connection stops reading.
    static let highWatermark = 64 * 1024
    private static let gatheredBytes = 8 * 1024

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var isFull: Bool { bufferedBytes >= Self.highWatermark }

    func receive(_ chunk: ByteBuffer) {
        if let waiting {
            self.waiting = nil
            // A reader that was cancelled has not taken it: the next one does.
            if waiting.resume(with: .success(chunk)) { return }
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
        waiting.resume(with: end.result)
    }

    func next() async throws -> ByteBuffer? {
        let waiter = Waiter<ByteBuffer?>()
        if eventLoop.inEventLoop { demand(waiter) } else { eventLoop.execute { self.demand(waiter) } }
        return try await waiter.wait()
    }

    private func demand(_ waiter: Waiter<ByteBuffer?>) {
        if let chunk = chunks.first {
            guard waiter.resume(with: .success(chunk)) else { return }
            chunks.removeFirst()
            bufferedBytes -= chunk.readableBytes
            onDemand?()
        } else if let end {
            waiter.resume(with: end.result)
        } else if waiting?.isWaiting == true {
            waiter.resume(with: .failure(RequestBodyConsumedError()))
        } else {
            waiting = waiter
            onDemand?()
        }
    }
}
