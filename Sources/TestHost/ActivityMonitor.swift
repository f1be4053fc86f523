import Logging
import MartletCore
import Synchronization

/// Keeps the requests of a host that are not over, and what each has logged.
final class ActivityMonitor: ApplicationObserver {
    private struct Reference {
        weak var activity: RequestActivity?
    }
    private struct State {
        var open: [UInt64: Reference] = [:]
        var lastID: UInt64 = 0
        var logger: Logger?
        /// By the client's port, the latest of each.
        var logs: [Int: LogBook] = [:]
        /// Requests that clients have sent over sockets and not seen answered.
        var inFlight = 0
    }
    private let state = Mutex(State())
    private let movements = Atomic<Int>(0)
    /// Everything that was logged.
    let log = LogBook()

    private enum LogKey: ContextKey { typealias Value = LogBook }

    // MARK: - For the application

    func observe(_ ctx: Context) -> any ObservedRequest {
        let log = LogBook()
        ctx[LogKey.self] = log
        return state.withLock { state in
            state.lastID += 1
            let name = "\(ctx.request.method) \(ctx.request.target)"
            let activity = RequestActivity(state.lastID, name, log, self)
            state.open[state.lastID] = Reference(activity: activity)
            state.logs[ctx.client.port] = log
            return activity
        }
    }

    func logger(for ctx: Context) -> Logger? {
        guard var logger = state.withLock({ $0.logger }), let log = ctx[LogKey.self] else { return nil }
        if var handler = logger.handler as? CapturingLogHandler {
            handler.request = log
            logger.handler = handler
        }
        return logger
    }

    /// Puts itself in the place of what prints to the terminal. A handler of the app's own still gets every line.
    func capture(_ logger: inout Logger) {
        let own = logger.handler is StreamLogHandler ? nil : logger.handler
        let handler = CapturingLogHandler(
            log: log, next: own, metadata: logger.handler.metadata, logLevel: logger.logLevel)
        logger = Logger(label: logger.label) { _ in handler }
        state.withLock { [logger] in $0.logger = logger }
    }

    /// What a request has logged.
    func log(of ctx: Context) -> LogBook { ctx[LogKey.self] ?? LogBook() }

    /// What the last request from that port has logged.
    func log(ofPort port: Int?) -> LogBook { port.flatMap { port in state.withLock { $0.logs[port] } } ?? LogBook() }

    // MARK: - What moves

    /// Counts everything that was seen to begin or end.
    var movementCount: Int { movements.load(ordering: .relaxed) }

    func changed() { movements.add(1, ordering: .relaxed) }

    func forget(_ id: UInt64) {
        state.withLock { $0.open[id] = nil }
        changed()
    }

    func takeOff() { state.withLock { $0.inFlight += 1 } }

    func land() {
        state.withLock { $0.inFlight -= 1 }
        changed()
    }

    private var open: [RequestActivity] {
        // Let go outside the lock, which a last reference would want to take.
        state.withLock { Array($0.open.values) }.compactMap(\.activity)
    }

    // MARK: - What is left to wait for

    enum Outlook {
        /// Nothing goes on before the test does something.
        case quiet
        /// Something may go on elsewhere.
        case uncertain
        /// Something does.
        case busy
    }

    /// To be asked when the event loop has nothing to do.
    var outlook: Outlook {
        let open = open
        let isOnTheWire = state.withLock { $0.inFlight } > open.count { $0.isAnswering }
        let rest = open.filter { !$0.isGivenUp }.map(\.standing)
        if isOnTheWire || rest.contains(.working) { return .busy }
        return rest.contains(.elsewhere) ? .uncertain : .quiet
    }

    /// No longer waits for those that have not moved.
    func giveUp() { for activity in open { activity.giveUp() } }

    /// The requests that may yet do something without the clock, given up or not.
    var underWay: [String] { open.filter { $0.standing != .waiting }.map(\.name).sorted() }
}
