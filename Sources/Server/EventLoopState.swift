import MartletCore
import NIOCore

/// What the connections of one event loop share: its executor, the date, and the timer that watches all of them.
// Confined to its event loop.
final class EventLoopState: @unchecked Sendable {
    let executor: LoopExecutor
    /// The `Date` field with its line end, made once a second.
    private(set) var date = ByteBuffer()
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var timer: RepeatedTask?

    init(_ executor: LoopExecutor) { self.executor = executor }

    func start() {
        refreshDate()
        timer = executor.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            self.refreshDate()
            self.checkTime(.now())
        }
    }

    /// Ends what has taken too long; once a second.
    func checkTime(_ now: NIODeadline) { for connection in connections.values { connection.checkTime(now) } }

    func stop() { timer?.cancel() }

    func add(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

    /// Asks every connection to end: at once where it is idle, else when its request is answered.
    func drain() { for connection in connections.values { connection.drain() } }

    var mostUnwrittenBytes: Int { connections.values.map(\.unwrittenBytes).max() ?? 0 }

    var bytesUnderWay: [Int: Int] {
        connections.values.reduce(into: [:]) { all, connection in
            if let port = connection.peerPort { all[port] = connection.bytesUnderWay }
        }
    }

    private func refreshDate() { date = ByteBuffer(string: "Date: \(HTTPDate.now())\r\n") }
}
