import EventModel
import Foundation
import Testing

/// `Scripts/soak --model` runs the same for as long as one likes, and faster.
@Suite struct ModelTests {
    /// `MARTLET_SCHEDULES` runs more, `MARTLET_SEED` one again.
    private static let environment = ProcessInfo.processInfo.environment
    private static let schedules = environment["MARTLET_SCHEDULES"].flatMap { Int($0) } ?? 800
    private static let seed = environment["MARTLET_SEED"].flatMap { UInt64($0) }

    @Test(arguments: Schedule.Kind.allCases)
    func `each client gets what was published for it, in order and once, or is told of the hole`(
        kind: Schedule.Kind
    ) throws {
        if let seed = Self.seed {
            // The numbering of events begins by chance, and how long their ids are may matter.
            for _ in 0..<100 {
                guard let fault = try Schedule(seed: seed, kind).run() else { continue }
                Issue.record("\(fault)\nMARTLET_SEED=\(seed) (\(kind))")
                return
            }
            return
        }
        let base = UInt64.random(in: 0..<1 << 40)
        var coverage = Schedule.Coverage()
        for seed in base..<base + UInt64(Self.schedules) {
            let schedule = try Schedule(seed: seed, kind)
            if let fault = try schedule.run() {
                Issue.record("\(fault)\nMARTLET_SEED=\(seed) (\(kind)) shows it again, perhaps after some tries")
                return
            }
            coverage += schedule.coverage
        }
        guard Self.schedules >= 100 else { return }
        #expect(coverage.gaps > 0 && coverage.resumed > 0)
        #expect(coverage.taken > 0 && coverage.torn > 0)
        #expect((coverage.suspended > 0) == (kind == .memory))
        #expect((coverage.restarts > 0) == (kind == .durable))
        #expect((coverage.turnedAway > 0) == (kind == .durable))
    }
}
