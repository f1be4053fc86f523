import CMeasurement

/// What one call of something costs: time of the processor, which no other process can lengthen, and allocations.
struct Measurement {
    var nanoseconds: Double
    var allocations: Double

    static func - (whole: Measurement, part: Measurement) -> Measurement {
        Measurement(
            nanoseconds: whole.nanoseconds - part.nanoseconds, allocations: whole.allocations - part.allocations)
    }

    static func / (whole: Measurement, parts: Double) -> Measurement {
        Measurement(nanoseconds: whole.nanoseconds / parts, allocations: whole.allocations / parts)
    }

    /// In nanoseconds.
    private static let shortest = 20e6
    private static let rounds = 7

    /// Calls it often enough to be measured, several times; the median of the times counts, the least of the allocations.
    static func of(_ work: () throws -> Void) rethrows -> Measurement {
        var calls = 1
        while try time(calls, work).nanoseconds * Double(calls) < shortest { calls *= 2 }
        var measured: [Measurement] = []
        for _ in 0..<rounds { measured.append(try time(calls, work)) }
        return median(measured)
    }

    /// The same for what may suspend.
    static func of(_ work: () async throws -> Void) async rethrows -> Measurement {
        var calls = 1
        while try await time(calls, work).nanoseconds * Double(calls) < shortest { calls *= 2 }
        var measured: [Measurement] = []
        for _ in 0..<rounds { measured.append(try await time(calls, work)) }
        return median(measured)
    }

    private static func time(_ calls: Int, _ work: () throws -> Void) rethrows -> Measurement {
        let allocations = allocation_count()
        let start = processor_nanoseconds()
        for _ in 0..<calls { try work() }
        return Measurement(processor_nanoseconds() - start, allocations, calls)
    }

    private static func time(_ calls: Int, _ work: () async throws -> Void) async rethrows -> Measurement {
        let allocations = allocation_count()
        let start = processor_nanoseconds()
        for _ in 0..<calls { try await work() }
        return Measurement(processor_nanoseconds() - start, allocations, calls)
    }

    private static func median(_ measured: [Measurement]) -> Measurement {
        Measurement(
            nanoseconds: measured.map(\.nanoseconds).sorted()[measured.count / 2],
            allocations: measured.map(\.allocations).min() ?? 0)
    }
}

extension Measurement {
    private init(_ elapsed: UInt64, _ allocationsBefore: UInt64, _ calls: Int) {
        nanoseconds = Double(elapsed) / Double(calls)
        allocations = Double(allocation_count() - allocationsBefore) / Double(calls)
    }
}

/// Makes the compiler compute a value that nobody uses.
@inline(__always)
func use<Value>(_ value: Value) { withUnsafePointer(to: value) { keep($0) } }
