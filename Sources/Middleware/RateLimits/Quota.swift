/// How many requests whoever is counted may send, and how fast they come back.
public struct Quota: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case bucket
        case window
    }
    let kind: Kind
    /// The most at once, or in one window.
    let count: Int
    /// Of the bucket: until one more may come. Of the window: how long it is. In nanoseconds.
    let period: Int64
    let problem: String?

    /// A bucket of tokens: `burst` requests at once, and from then on `count` in each period, evenly.
    ///
    /// - Parameters:
    ///   - count: how many come back in each period.
    ///   - period: `.seconds(60)`.
    ///   - burst: how many may come at once, after a time without any; nil for `count`.
    public static func requests(_ count: Int, per period: Duration, burst: Int? = nil) -> Quota {
        let problem = problem(count, period) ?? ((burst ?? 1) < 1 ? "A rate limit has a burst of 1 at least." : nil)
        let nanoseconds = problem == nil ? max(1, period.nanoseconds / Int64(count)) : 1
        return Quota(.bucket, burst ?? count, nanoseconds, problem)
    }

    /// A window that moves with time: no more than `count` in the period before each request.
    ///
    /// What came in the last period is taken as spread over it evenly, so that two numbers do for whoever is counted: a burst
    /// at its end counts for less, and one at its beginning for more.
    public static func slidingWindow(_ count: Int, per period: Duration) -> Quota {
        let problem = problem(count, period)
        return Quota(.window, count, problem == nil ? period.nanoseconds : 1, problem)
    }

    private init(_ kind: Kind, _ count: Int, _ period: Int64, _ problem: String?) {
        self.kind = kind
        self.count = count
        self.period = period
        let (full, overflows) = Int64(clamping: count).multipliedReportingOverflow(by: period)
        let isTooLong = kind == .bucket && (overflows || full > Self.longest)
        self.problem = problem ?? (isTooLong ? "A rate limit's burst comes back within 366 days." : nil)
    }

    private static let longest: Int64 = 366 * 86_400_000_000_000

    private static func problem(_ count: Int, _ period: Duration) -> String? {
        if count < 1 || count > maximumCount {
            return "A rate limit allows 1 to \(maximumCount) requests, not \(count)."
        }
        if period < .milliseconds(1) || period > .seconds(366 * 86_400) {
            return "A rate limit's period is a millisecond at least and 366 days at most, not \(period)."
        }
        return nil
    }

    private static let maximumCount = 1_000_000

    /// In which all of it comes back, in whole seconds.
    var windowSeconds: Int64 {
        guard problem == nil else { return 1 }
        let nanoseconds = kind == .bucket ? Int64(count) * period : period
        return Swift.max(1, nanoseconds.roundedUpSeconds)
    }
}

extension Duration {
    /// Whole ones; no more than there is room for.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : whole + attoseconds / 1_000_000_000
    }
}

extension Int64 {
    /// Nanoseconds as seconds.
    var roundedUpSeconds: Int64 { self / 1_000_000_000 + (self % 1_000_000_000 > 0 ? 1 : 0) }
}

/// What came of one request.
struct Verdict: Equatable {
    let isAllowed: Bool
    /// How many more would be allowed now.
    let remaining: Int
    /// In nanoseconds, until one more is allowed where none remains, else until all are.
    let wait: Int64
}

/// What is remembered of whoever is counted.
struct Usage: Equatable {
    /// Of a bucket: when it is full again. Of a window: its number.
    var time: Int64 = 0
    var current: UInt32 = 0
    var previous: UInt32 = 0
}

extension Quota {
    /// Counts a request. One that is refused changes nothing.
    ///
    /// - Parameter now: nanoseconds since some beginning.
    func take(_ usage: inout Usage, at now: Int64) -> Verdict {
        switch kind {
        case .bucket: takeToken(&usage, now)
        case .window: takePlace(&usage, now)
        }
    }

    /// How much of it is used up; 0 where forgetting it changes nothing.
    func debt(of usage: Usage, at now: Int64) -> Double {
        switch kind {
        case .bucket: return Double(max(0, usage.time - now))
        case .window:
            let usage = moved(usage, to: now)
            return Double(used(usage, now)) / Double(period)
        }
    }

    /// The generic cell rate algorithm: one point in time is all that a bucket is.
    private func takeToken(_ usage: inout Usage, _ now: Int64) -> Verdict {
        let full = Int64(count) * period
        let time = max(usage.time, now) + period
        let ahead = time - now
        guard ahead <= full else { return Verdict(isAllowed: false, remaining: 0, wait: ahead - full) }
        usage.time = time
        let remaining = Int((full - ahead) / period)
        return Verdict(
            isAllowed: true, remaining: remaining, wait: remaining == 0 ? max(0, ahead + period - full) : ahead)
    }

    private func takePlace(_ usage: inout Usage, _ now: Int64) -> Verdict {
        var moved = moved(usage, to: now)
        let limit = Int128(count) * Int128(period)
        guard used(moved, now) + Int128(period) <= limit else {
            return Verdict(isAllowed: false, remaining: 0, wait: wait(moved, now))
        }
        moved.current += 1
        usage = moved
        let remaining = Int((limit - used(moved, now)) / Int128(period))
        return Verdict(
            isAllowed: true, remaining: remaining,
            wait: remaining == 0 ? wait(moved, now) : 2 * period - now % period)
    }

    /// The usage with the windows that are the current and the last one now.
    private func moved(_ usage: Usage, to now: Int64) -> Usage {
        let window = now / period
        if usage.time == window { return usage }
        let previous = usage.time == window - 1 ? usage.current : 0
        return Usage(time: window, current: 0, previous: previous)
    }

    /// The requests of the period before now, times its length.
    private func used(_ usage: Usage, _ now: Int64) -> Int128 {
        Int128(usage.previous) * Int128(period - now % period) + Int128(usage.current) * Int128(period)
    }

    private func wait(_ usage: Usage, _ now: Int64) -> Int64 {
        let within = Int128(now % period)
        let period = Int128(self.period)
        let current = Int128(usage.current)
        // What may still count of the last window, in this one.
        let room = (Int128(count) - 1 - current) * period
        if room >= 0 {
            let moment = usage.previous == 0 ? 0 : period - room / Int128(usage.previous)
            if moment < period { return Int64(max(0, moment - within)) }
        }
        // In the next one, where this one is the last.
        let moment = current == 0 ? 0 : max(0, period - (Int128(count) - 1) * period / current)
        return Int64(period - within + moment)
    }
}
