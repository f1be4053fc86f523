import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What all copies of one `Sessions` share: the time of day, when to look for what is over, and who is told of it.
final class SessionWatch: Sendable {
    private struct State {
        var wall = WallClock.system
        var nextSweep: Date?
        var isSweeping = false
        var listeners: [@Sendable (EndedSession) -> Void] = []
    }
    private let state = Mutex(State())
    private let sweepInterval: TimeInterval

    init(sweepInterval: TimeInterval) { self.sweepInterval = sweepInterval }

    var now: Date { state.withLock { $0.wall }.now }

    func follow(_ wall: WallClock) { state.withLock { $0.wall = wall } }

    /// Once in an interval; the first time when something is kept for the first time, as a store may have outlived a process.
    func needsSweep(at now: Date) -> Bool { state.withLock { state in state.nextSweep.map { now >= $0 } ?? true } }

    func noteSweep(at now: Date) { state.withLock { $0.nextSweep = now.addingTimeInterval(sweepInterval) } }

    /// - Returns: false where one is going on.
    func beginSweep() -> Bool {
        state.withLock { state in
            defer { state.isSweeping = true }
            return !state.isSweeping
        }
    }

    func endSweep() { state.withLock { $0.isSweeping = false } }

    func onEnd(_ tell: @escaping @Sendable (EndedSession) -> Void) { state.withLock { $0.listeners.append(tell) } }

    func tell(_ ended: [EndedSession]) {
        guard !ended.isEmpty else { return }
        let listeners = state.withLock { $0.listeners }
        for tell in listeners { for session in ended { tell(session) } }
    }
}
