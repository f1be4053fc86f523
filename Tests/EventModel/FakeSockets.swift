import MartletCore
import Synchronization

/// The sockets of peers that the test plays: what a hub may send past their sinks.
package final class FakeSockets: Sendable {
    // Locked only to be known by the hub: it sends on the thread of the stepped loops.
    private let sinks = Mutex<[Unowned]>([])

    private struct Unowned: @unchecked Sendable { weak var sink: FakeSink? }

    /// Gives a sink a socket.
    package func connect(_ sink: FakeSink) {
        sink.number = sinks.withLock { sinks in
            sinks.append(Unowned(sink: sink))
            return Int32(sinks.count)
        }
    }

    package func transmit(_ frame: EventFrame, _ socket: Int32) -> Int {
        let sink = sinks.withLock { sinks in sinks[Int(socket) - 1].sink }
        return sink?.take(frame) ?? 0
    }
}
