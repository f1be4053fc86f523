import Synchronization

/// How much the body of a stream may send before it has to ask the stream's event loop whether the peer keeps up.
///
/// The loop fills it where the peer takes everything, and empties it where something waits; in between, whether to wait is
/// one look at a number.
final class SendWindow: Sendable {
    /// In bytes; 0 or less where the loop has to be asked.
    private let rest = Atomic<Int>(0)
    private let size: Int

    /// What a body may send unseen: much less than may wait for a reader.
    private static let mostBytes = 32 * 1024
    /// What asking takes at least: a body that sends elsewhere, to a topic say, is held up by its own reader, too.
    private static let leastBytes = 256

    init(_ limits: Limits) { size = min(Self.mostBytes, limits.maxStreamBacklogBytes / 4) }

    /// - Returns: false where the loop has to be asked.
    func isOpen() -> Bool { rest.subtract(Self.leastBytes, ordering: .relaxed).oldValue > 0 }

    func spend(_ bytes: Int) { rest.subtract(bytes, ordering: .relaxed) }

    /// The peer has taken all that was sent.
    func fill() { rest.store(size, ordering: .relaxed) }

    /// Something waits for the peer, or there is none any more.
    func close() { rest.store(0, ordering: .relaxed) }
}
