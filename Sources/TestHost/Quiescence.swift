import MartletCore

/// When nothing goes on any more before the test does something.
///
/// Known are the jobs on the application's event loop, the requests that are not answered, the tasks that they have left
/// behind, what the history's store writes, what the thread pool does for a request, who sleeps on the host's clock, and who
/// waits for a client to read. Not known is whether a stream's body does something on another thread or waits for another
/// request: it is given a moment.
extension TestHost {
    /// How long something that may or may not go on elsewhere is waited for, once.
    private static let moment = Duration.milliseconds(200)
    /// How often, meanwhile, everything that waited for a thread must have got one: on a busy machine a moment is not enough.
    private static let rounds = 100
    /// How long an event is waited for in any case: another task of the test may be about to cause it.
    private static let courtesy = Duration.milliseconds(50)

    /// Waits until nothing runs any more; no longer than `patience` for what does not move.
    func settle() async {
        let turns = transport == .inProcess ? 2 : 3
        var quietTurns = 0
        var rounds = 0
        var seen = movementCount
        var lastMovement = ContinuousClock.now
        while !Task.isCancelled {
            try? await executor.eventLoop.submit {}.get()
            let count = movementCount
            guard count == seen else {
                (seen, quietTurns, rounds, lastMovement) = (count, 0, 0, .now)
                continue
            }
            quietTurns += 1
            guard quietTurns >= turns else { continue }
            let idle = lastMovement.duration(to: .now)
            let isMoving = await wire.isSending || application.sse.isStoring
            switch isMoving ? .busy : monitor.outlook {
            case .quiet where movementCount == seen:
                return
            case .quiet:
                // The last one ended just now, and may have left the loop something to do.
                continue
            case .uncertain where idle >= min(Self.moment, patience) && (rounds >= Self.rounds || idle >= patience),
                .busy where idle >= patience:
                return monitor.giveUp()
            case .uncertain, .busy:
                // Other threads work: this one has nothing to do. Whatever waited for one of them before this does has begun when it ends.
                await Task.detached {}.value
                rounds += 1
                try? await ContinuousClock().sleep(for: .microseconds(200))
            }
        }
    }

    /// Waits for what may yet come from elsewhere, no longer than `patience`.
    ///
    /// - Parameter hasCome: true when it has.
    func wait(until hasCome: () -> Bool) async {
        await settle()
        let start = ContinuousClock.now
        while !hasCome(), !Task.isCancelled {
            let limit = mayGoOn ? patience : min(Self.courtesy, patience)
            guard start.duration(to: .now) < limit else { return }
            try? await ContinuousClock().sleep(for: .milliseconds(1))
            await settle()
        }
    }

    /// True where nobody can say that nothing comes.
    private var mayGoOn: Bool { time == .live || transport == .loopback || !monitor.underWay.isEmpty }

    private var movementCount: Int {
        executor.enqueuedJobs.load(ordering: .relaxed) &+ monitor.movementCount &+ wire.movementCount
    }
}
