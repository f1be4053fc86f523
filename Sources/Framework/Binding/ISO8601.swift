#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Dates on the wire: `2026-11-24T10:00:00Z`, with or without seconds and a fraction, any offset; or a day alone, in UTC.
enum ISO8601 {
    /// With a fraction where there is one, of three digits, or of six where three would lose something.
    ///
    /// - Parameter alwaysWithFraction: true for one of three zeros where there is none.
    static func text(of date: Date, alwaysWithFraction: Bool = false) -> String {
        let microseconds = (date.timeIntervalSince1970 * 1e6).rounded()
        guard microseconds.magnitude < 1e17 else { return date.formatted(.iso8601) }
        let seconds = (microseconds / 1e6).rounded(.down)
        let fraction = Int(microseconds - seconds * 1e6)
        let whole = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        guard fraction > 0 || alwaysWithFraction else { return whole }
        let digits = String(String(1_000_000 + fraction).dropFirst())
        return "\(whole.dropLast()).\(digits.hasSuffix("000") ? digits.prefix(3) : digits[...])Z"
    }

    /// Takes the whole text or nothing: Foundation's parser stops where it likes, and turns February 30 into a day of March.
    static func date(from text: String) -> Date? {
        var reader = Reader(rest: text.utf8[...])
        guard let year = reader.number(ofDigits: 4), reader.take("-"), let month = reader.number(ofDigits: 2),
            reader.take("-"), let day = reader.number(ofDigits: 2), 1...12 ~= month,
            1...daysIn(month, of: year) ~= day
        else { return nil }
        let midnight = Double(daysSince1970(year, month, day) * 86400)
        if reader.isAtEnd { return Date(timeIntervalSince1970: midnight) }
        guard reader.take("T") || reader.take("t"), let time = reader.time(), let offset = reader.offset(),
            reader.isAtEnd
        else { return nil }
        return Date(timeIntervalSince1970: midnight + time - Double(offset))
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// In the Gregorian calendar, counted in years that begin in March so that a leap day is the last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month > 2 ? year : year - 1
        let monthsSinceMarch = (month + 9) % 12
        let era = (year + 400) / 400 - 1
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * monthsSinceMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private struct Reader {
        var rest: Substring.UTF8View
        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func digit() -> Int? {
            guard let byte = rest.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
            rest.removeFirst()
            return Int(byte - UInt8(ascii: "0"))
        }

        mutating func number(ofDigits count: Int) -> Int? {
            var number = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        /// The time of day in seconds; a leap second is the first of the next minute.
        mutating func time() -> Double? {
            guard let hour = number(ofDigits: 2), take(":"), let minute = number(ofDigits: 2), hour < 24, minute < 60
            else { return nil }
            let wholeMinutes = Double(hour * 3600 + minute * 60)
            guard take(":") else { return wholeMinutes }
            guard let second = number(ofDigits: 2), second <= 60 else { return nil }
            return fraction().map { wholeMinutes + Double(second) + $0 }
        }

        /// Zero where there is none, nil for a point without digits.
        private mutating func fraction() -> Double? {
            guard take(".") else { return 0 }
            guard var digits = digit().map(Double.init) else { return nil }
            var unit = 10.0
            while let next = digit() {
                // Beyond nanoseconds nothing is left of a Date.
                guard unit < 1e9 else { continue }
                digits = digits * 10 + Double(next)
                unit *= 10
            }
            return digits / unit
        }

        /// East of UTC, in seconds.
        mutating func offset() -> Int? {
            if take("Z") || take("z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hour = number(ofDigits: 2) else { return nil }
            _ = take(":")
            guard let minute = number(ofDigits: 2), hour < 24, minute < 60 else { return nil }
            return sign * (hour * 3600 + minute * 60)
        }
    }
}
