import MartletCore
import NIOCore
import Synchronization

/// Where sessions are kept. A session that is not used for the idle time is gone.
public protocol SessionStore: Sendable {
    /// The values of a session, which this use keeps alive; nil when there is none, or no longer.
    func load(_ id: SessionID) async throws -> [String: String]?
    /// Keeps a new session with its first values, under an id that nobody has used.
    func create(_ id: SessionID, _ values: [String: String]) async throws
    /// Changes single values, so that two requests at the same time do not undo each other; nil removes one. A session
    /// that is gone stays so.
    func update(_ id: SessionID, _ changes: [String: String?]) async throws
    /// Forgets a session at once; does nothing where there is none.
    func remove(_ id: SessionID) async throws
}

/// A store that never waits: requests are answered without a task for it.
public protocol ImmediateSessionStore: SessionStore {
    /// As ``SessionStore/load(_:)``, without waiting.
    func load(_ id: SessionID) throws -> [String: String]?
    /// As ``SessionStore/create(_:_:)``, without waiting.
    func create(_ id: SessionID, _ values: [String: String]) throws
    /// As ``SessionStore/update(_:_:)``, without waiting.
    func update(_ id: SessionID, _ changes: [String: String?]) throws
    /// As ``SessionStore/remove(_:)``, without waiting.
    func remove(_ id: SessionID) throws
}

/// One thing to do in a store.
enum SessionChange {
    case create(SessionID, [String: String])
    case update(SessionID, [String: String?])
    case remove(SessionID)
}

extension SessionStore {
    func apply(_ change: SessionChange) async throws {
        switch change {
        case .create(let id, let values): try await create(id, values)
        case .update(let id, let changes): try await update(id, changes)
        case .remove(let id): try await remove(id)
        }
    }
}

extension ImmediateSessionStore {
    func apply(_ change: SessionChange) throws {
        switch change {
        case .create(let id, let values): try create(id, values)
        case .update(let id, let changes): try update(id, changes)
        case .remove(let id): try remove(id)
        }
    }
}

/// Sessions in this process's memory: gone with it.
///
/// There are `maxSessions` at most. Beyond, a new one takes the place of the oldest that was never asked for again since it
/// was made, as those of a flood are; only where there is none, of the one whose last use is longest ago.
public final class MemorySessionStore: ImmediateSessionStore {
    private struct Entry {
        var values: [String: String]
        var lastUse: Duration
        /// True once a request has come with it.
        var isUsed = false
    }
    private struct State {
        var entries: [SessionID: Entry] = [:]
        /// In the order they were made. Those that are used or gone by now are passed over.
        var unused: CircularBuffer<SessionID> = []
        var nextSweep: Duration
        var stopwatch: Stopwatch

        init(_ clock: some Clock<Duration>, nextSweep: Duration) {
            stopwatch = Stopwatch(elapsed: clock.stopwatch())
            self.nextSweep = nextSweep
        }

        mutating func makeRoom() {
            while let oldest = unused.popFirst() {
                guard let entry = entries[oldest], !entry.isUsed else { continue }
                entries[oldest] = nil
                return
            }
            // Some at a time: all have to be looked at.
            let last = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(1 + entries.count / 16)
            for (id, _) in last { entries[id] = nil }
        }

        mutating func forgetUsed() {
            unused = unused.filter { entries[$0]?.isUsed == false }.reduce(into: []) { $0.append($1) }
        }
    }
    /// A closure of its own under a mutex would get another wrapper with every look at it.
    private struct Stopwatch { let elapsed: @Sendable () -> Duration }
    private let idleTime: Duration
    private let maxSessions: Int
    private let followsApplication: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - idleTime: after how long without a request a session ends, by the clock of the application.
    ///   - maxSessions: how many there may be, at least 1; each takes some hundred bytes and its values.
    public init(idleTime: Duration = .seconds(30 * 60), maxSessions: Int = 100_000) {
        self.idleTime = idleTime
        self.maxSessions = max(1, maxSessions)
        followsApplication = true
        state = Mutex(State(ContinuousClock(), nextSweep: idleTime))
    }

    /// - Parameter clock: what measures the idle time.
    public init<C: Clock<Duration>>(idleTime: Duration, maxSessions: Int = 100_000, clock: C) {
        self.idleTime = idleTime
        self.maxSessions = max(1, maxSessions)
        followsApplication = false
        state = Mutex(State(clock, nextSweep: idleTime))
    }

    /// Measures by the application's clock, where none was given. Called before the first session.
    func follow(_ clock: any Clock<Duration>) {
        guard followsApplication else { return }
        state.withLock { $0.stopwatch = Stopwatch(elapsed: clock.stopwatch()) }
    }

    /// How many sessions there are.
    public var count: Int { state.withLock { $0.entries.count } }

    /// The values of a session that is not over; the idle time begins anew.
    public func load(_ id: SessionID) -> [String: String]? {
        state.withLock { state in
            let now = state.stopwatch.elapsed()
            guard let index = state.entries.index(forKey: id) else { return nil }
            guard now - state.entries.values[index].lastUse < idleTime else {
                state.entries.remove(at: index)
                return nil
            }
            state.entries.values[index].lastUse = now
            state.entries.values[index].isUsed = true
            return state.entries.values[index].values
        }
    }

    /// Keeps a new session; where there are `maxSessions`, another one gives way.
    public func create(_ id: SessionID, _ values: [String: String]) {
        state.withLock { state in
            let now = state.stopwatch.elapsed()
            // Once in an idle time, so that what nobody asks for again does not stay.
            if now >= state.nextSweep {
                state.entries = state.entries.filter { now - $0.value.lastUse < idleTime }
                state.nextSweep = now + idleTime
            }
            if state.entries.count >= maxSessions { state.makeRoom() }
            state.entries[id] = Entry(values: values, lastUse: now)
            state.unused.append(id)
            if state.unused.count > 2 * state.entries.count + 64 { state.forgetUsed() }
        }
    }

    /// Changes these values; does nothing for a session that is gone.
    public func update(_ id: SessionID, _ changes: [String: String?]) {
        state.withLock { state in
            for (key, value) in changes { state.entries[id]?.values[key] = value }
        }
    }

    /// Forgets a session; does nothing where there is none.
    public func remove(_ id: SessionID) { state.withLock { $0.entries[id] = nil } }
}
