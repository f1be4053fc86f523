import MartletEventStream
import NIOCore
import Synchronization

/// What has come of a stream: written where it arrives, read by the test.
final class IncomingEvents: Sendable {
    private struct State {
        var parser = EventStreamParser()
        var arrived: [EventStreamParser.Event] = []
        var taken = 0
        var comments = 0
        var isInLine = false
        var hasEnded = false
        var isStalled = false
        var failure: String?
    }
    private let state: Mutex<State>

    /// - Parameter comments: how many are to come that nobody counts.
    init(uncountedComments comments: Int = 0) {
        var state = State()
        state.comments = -comments
        self.state = Mutex(state)
    }

    func receive(_ bytes: ByteBuffer) {
        state.withLock { state in
            for byte in bytes.readableBytesView {
                if !state.isInLine, byte == UInt8(ascii: ":") { state.comments += 1 }
                state.isInLine = byte != UInt8(ascii: "\n")
            }
            do {
                state.arrived += try state.parser.feed(bytes)
            } catch {
                state.failure = "\(error)"
            }
        }
    }

    func end() { state.withLock { $0.hasEnded = true } }

    var isStalled: Bool {
        get { state.withLock { $0.isStalled } }
        set { state.withLock { $0.isStalled = newValue } }
    }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var hasNext: Bool { state.withLock { $0.taken < $0.arrived.count } }
    var comments: Int { state.withLock { max(0, $0.comments) } }
    /// Why nothing more is understood, if that is so.
    var failure: String? { state.withLock { $0.failure } }
    var lastEventID: String { state.withLock { $0.parser.lastEventID } }
    var reconnectionTime: Duration? { state.withLock { $0.parser.reconnectionTime } }
    /// All of them, taken or not.
    var arrived: [EventStreamParser.Event] { state.withLock { $0.arrived } }

    /// The next one that was not taken.
    func take() -> EventStreamParser.Event? {
        state.withLock { state in
            guard state.taken < state.arrived.count else { return nil }
            defer { state.taken += 1 }
            return state.arrived[state.taken]
        }
    }

    func takeAll() -> [EventStreamParser.Event] {
        state.withLock { state in
            defer { state.taken = state.arrived.count }
            return Array(state.arrived[state.taken...])
        }
    }
}
