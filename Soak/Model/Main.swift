import ArgumentParser
import EventModel
import Foundation
import Synchronization

/// Random schedules of event delivery against its model, for as long as one likes: `Scripts/soak --model`.
@main struct ModelSoak: ParsableCommand {
    @Option(help: "For how long.") var minutes = 2.0
    @Option(help: "The first seed; a new one without.") var seed: UInt64?

    private struct Progress {
        var schedules = 0
        var coverage = Schedule.Coverage()
        var fault: String?
    }

    func run() throws {
        let first = seed ?? .random(in: 0..<1 << 40)
        print("seed \(first)")
        let progress = Mutex(Progress())
        let begin = ContinuousClock.now
        let end = begin + .seconds(minutes * 60)
        let threads = ProcessInfo.processInfo.activeProcessorCount
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            var seed = first + UInt64(thread)
            while ContinuousClock.now < end, progress.withLock({ $0.fault == nil }) {
                for kind in Schedule.Kind.allCases {
                    let (fault, coverage) = Self.outcome(seed, kind)
                    progress.withLock { progress in
                        progress.schedules += 1
                        progress.coverage += coverage
                        if let fault { progress.fault = "\(fault)\n--seed \(seed) (\(kind)) shows it again" }
                    }
                }
                seed += UInt64(threads)
            }
        }
        let (all, time) = (progress.withLock { $0 }, (ContinuousClock.now - begin) / .seconds(1))
        print("\(all.schedules) schedules in \(Int(time)) s: \(Int(Double(all.schedules) / time)) a second")
        print("\(all.coverage)")
        if let fault = all.fault {
            print("WRONG  \(fault)")
            throw ExitCode.failure
        }
        print("nothing was lost, doubled or out of order")
    }

    private static func outcome(_ seed: UInt64, _ kind: Schedule.Kind) -> (fault: String?, Schedule.Coverage) {
        do {
            let schedule = try Schedule(seed: seed, kind)
            return (try schedule.run(), schedule.coverage)
        } catch {
            return ("\(error)", Schedule.Coverage())
        }
    }
}
