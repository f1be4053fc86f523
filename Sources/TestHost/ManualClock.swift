import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A clock that stands still until a test advances it. In a host with `time: .live` it goes on by itself.
public final class ManualClock: Clock, DatedClock {
    /// A point in time, counted from when the clock was made.
    public struct Instant: InstantProtocol {
        /// Since the clock was made.
        public let elapsed: Duration

        /// The instant that lies `duration` later; earlier for a negative one.
        public func advanced(by duration: Duration) -> Instant { Instant(elapsed: elapsed + duration) }
        /// How long it is from this instant to the other; negative where that lies before.
        public func duration(to other: Instant) -> Duration { other.elapsed - elapsed }
        /// Whether the left instant lies before the right one.
        public static func < (left: Instant, right: Instant) -> Bool { left.elapsed < right.elapsed }
    }

    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let request: (any ObservedRequest)?
        let continuation: CheckedContinuation<Void, any Error>

        /// Marked awake before it runs: whoever looks in between must not take it for asleep.
        func wake(throwing error: (any Error)? = nil) {
            request?.end(.waiting)
            if let error { continuation.resume(throwing: error) } else { continuation.resume() }
        }
    }
    private struct State {
        var now = Instant(elapsed: .zero)
        var sleepers: [Sleeper] = []
        var nextID = 0
        /// Cancelled before they had gone to sleep.
        var cancelled: Set<Int> = []
        var liveSleepers = 0
        var settle: (@Sendable () async -> Void)?
    }
    private let state = Mutex(State())
    /// The real time at which it began; nil for a clock that stands still.
    private let start: ContinuousClock.Instant?
    private let startDate: Date

    /// A clock that stands at zero until ``advance(by:)``.
    ///
    /// - Parameter date: the time of day at zero; 15 January 2027, 8 o'clock in UTC, where none is given.
    public init(date: Date? = nil) {
        start = nil
        startDate = date ?? .testStart
    }

    init(isLive: Bool) {
        start = isLive ? .now : nil
        startDate = isLive ? Date() : .testStart
    }

    /// The time of day that the clock shows, which is `ctx.now` in an application of the host.
    public var date: Date { startDate.addingTimeInterval(now.elapsed / .seconds(1)) }

    /// The instant that the clock shows: in a host with `time: .live` the real time since it was made.
    public var now: Instant {
        if let start { Instant(elapsed: start.duration(to: .now)) } else { state.withLock { $0.now } }
    }
    /// A nanosecond: no deadline is rounded to another.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleep now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count + $0.liveSleepers } }

    /// Lets time pass: whoever sleeps wakes in the order of the deadlines, and what they do is done when this returns.
    ///
    /// On a live clock this waits for real.
    ///
    /// - Parameter duration: not negative.
    public func advance(by duration: Duration) async {
        precondition(duration >= .zero, "Time only goes forward, and advance(by: \(duration)) would turn it back.")
        let hook = state.withLock { $0.settle }
        let settle = { @Sendable () async -> Void in await hook?() }
        guard start == nil else {
            try? await ContinuousClock().sleep(for: duration)
            return await settle()
        }
        let limit = now.advanced(by: duration)
        await settle()
        while step(to: limit) { await settle() }
        await settle()
    }

    /// - Parameter settle: returns when those who woke are done.
    func betweenSteps(_ settle: @escaping @Sendable () async -> Void) { state.withLock { $0.settle = settle } }

    /// Waits until the clock has come to the deadline, and not at all for one that has passed.
    ///
    /// - Parameter tolerance: not heeded: whoever sleeps wakes at the deadline.
    /// - Throws: `CancellationError` when the task is cancelled, at once.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        if let start { return try await sleepForReal(until: start + deadline.elapsed) }
        let request = CurrentRequest.observed
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    request?.begin(.waiting)
                    state.sleepers.append(
                        Sleeper(id: id, deadline: deadline, request: request, continuation: continuation))
                    return nil
                }
                if let isOver { continuation.resume(with: isOver) }
            }
        } onCancel: {
            let sleeper: Sleeper? = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.wake(throwing: CancellationError())
        }
    }

    private func sleepForReal(until deadline: ContinuousClock.Instant) async throws {
        let request = CurrentRequest.observed
        request?.begin(.waiting)
        state.withLock { $0.liveSleepers += 1 }
        defer {
            state.withLock { $0.liveSleepers -= 1 }
            request?.end(.waiting)
        }
        try await ContinuousClock().sleep(until: deadline)
    }

    /// Moves to the next deadline that is not after `limit`, or to the limit, and wakes who slept until then.
    ///
    /// - Returns: false at the limit.
    package func step(to limit: Instant) -> Bool {
        let (woken, isBefore) = state.withLock { state in
            let next = state.sleepers.map(\.deadline).min() ?? limit
            let isBefore = next <= limit
            state.now = max(state.now, min(next, limit))
            let woken = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return (woken, isBefore && !woken.isEmpty)
        }
        for sleeper in woken { sleeper.wake() }
        return isBefore
    }
}
