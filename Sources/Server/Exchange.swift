import MartletCore
import NIOCore

/// One request and its answer on a connection.
// Confined to the connection's event loop.
final class Exchange: @unchecked Sendable {
    let head: RequestHead
    /// The body as far as it came with its head; a small one is whole before the action starts.
    var earlyBody = ByteBuffer()
    var feed: RequestBodyFeed?
    var isBodyComplete = false
    /// The body's framing is malformed.
    var isBodyBroken = false
    var needsContinue: Bool
    var hasStarted = false
    var task: Task<Void, Never>?
    private(set) var isCancelled = false
    /// A response body's writer that waits for the peer to read.
    var waitingWriter: Waiter<Void>?
    var receivedBytes = 0
    /// For how many seconds the connection has been ready for bytes of the body.
    var secondsReading = 0

    init(_ head: RequestHead) {
        self.head = head
        needsContinue = head.expectsContinue
    }

    /// True while more of the body is to come and there is room for it.
    var takesBody: Bool { !isBodyComplete && !isBodyBroken && feed?.isFull != true }

    /// The peer is gone: whoever works on this request stops.
    func cancel() {
        isCancelled = true
        task?.cancel()
        feed?.fail(CancellationError())
        feed = nil
        waitingWriter?.resume(with: .failure(CancellationError()))
        waitingWriter = nil
    }
}
