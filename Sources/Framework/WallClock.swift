#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The time of day as an application has it: what is stored with a date, or compared with one, asks here, so that a test's clock
/// moves it.
///
/// In production it is the system's. It may jump, unlike ``Context/clock``: measure with that.
public struct WallClock: Sendable {
    /// nil for the system's, which is the rule and needs no call through a closure.
    private let read: (@Sendable () -> Date)?

    /// The time of day at this moment.
    public var now: Date { read?() ?? Date() }

    /// The system's.
    public static let system = WallClock()

    /// The time of day of the system.
    public init() { read = nil }

    /// - Parameter read: tells the time of day each time that it is asked for; called from any thread.
    public init(_ read: @escaping @Sendable () -> Date) { self.read = read }

    /// What belongs to a clock: the system's time where that goes on by itself, else that of the clock.
    init(of clock: any Clock<Duration>) {
        switch clock {
        case is ContinuousClock: self.init()
        case let dated as any DatedClock: self.init { dated.date }
        default:
            // Begins where every run of a test does, and goes on with the clock.
            let elapsed = clock.stopwatch()
            self.init { Date.testStart.addingTimeInterval(elapsed() / .seconds(1)) }
        }
    }
}

/// A clock that also knows the time of day.
package protocol DatedClock: Clock<Duration> {
    var date: Date { get }
}

extension Date {
    /// When it is in a test before any time has passed: 15 January 2027, 8 o'clock in UTC.
    package static let testStart = Date(timeIntervalSince1970: 1_800_000_000)
}
