#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Synchronization

/// What the machine is doing, from the kernel's own figures.
final class SystemMonitor: Sendable {
    /// Percentages from 0 to 100.
    struct Figures: Sendable {
        let cpu: Double
        let memory: Double
    }

    /// Time since boot in ticks, over all cores (proc_stat(5)).
    private struct CPUTime {
        var busy = 0.0
        var total = 0.0
    }
    private let last = Mutex(CPUTime())

    /// The share of the processors that was busy since the last call, and of the memory that is in use.
    func figures() -> Figures { Figures(cpu: cpuUsage(), memory: memoryUsage()) }

    private func cpuUsage() -> Double {
        guard let line = Self.lines("/proc/stat").first(where: { $0.hasPrefix("cpu ") }) else { return 0 }
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count >= 5 else { return 0 }
        let idle = ticks[3] + ticks[4]
        let now = CPUTime(busy: ticks.reduce(0, +) - idle, total: ticks.reduce(0, +))
        let before = last.withLock { last in
            defer { if now.total > last.total { last = now } }
            return last
        }
        guard now.total > before.total else { return 0 }
        return Self.percent(now.busy - before.busy, of: now.total - before.total)
    }

    private func memoryUsage() -> Double {
        var kilobytes: [Substring: Double] = [:]
        for line in Self.lines("/proc/meminfo") {
            let words = line.split(whereSeparator: { $0 == ":" || $0 == " " })
            if words.count >= 2 { kilobytes[words[0]] = Double(words[1]) }
        }
        guard let total = kilobytes["MemTotal"], let available = kilobytes["MemAvailable"] else { return 0 }
        return Self.percent(total - available, of: total)
    }

    private static func lines(_ path: String) -> [Substring] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    private static func percent(_ part: Double, of whole: Double) -> Double {
        (part / whole * 1000).rounded() / 10
    }
}
