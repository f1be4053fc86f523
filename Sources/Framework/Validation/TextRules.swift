#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Rule where Value == String {
    /// The number of characters, as people count them, from 0.
    ///
    /// So that nobody hides a book in one character, a text with an upper bound may have no more than 64 bytes for each
    /// character that is allowed.
    public static func length(_ range: ClosedRange<Int>) -> Rule {
        Rule { text in
            text.hasCharacters(from: range.lowerBound, to: range.upperBound)
                ? nil : sizeProblem(range.lowerBound, range.upperBound, "characters")
        }
    }

    /// The fewest characters: `.length(1...)` for a text that must not be empty.
    public static func length(_ range: PartialRangeFrom<Int>) -> Rule {
        Rule { text in
            text.hasCharacters(from: range.lowerBound, to: nil)
                ? nil : sizeProblem(range.lowerBound, nil, "characters")
        }
    }

    /// The most characters: `.length(...200)`.
    public static func length(_ range: PartialRangeThrough<Int>) -> Rule {
        Rule { text in
            text.hasCharacters(from: 0, to: range.upperBound) ? nil : sizeProblem(nil, range.upperBound, "characters")
        }
    }

    /// A text that matches an expression from its first character to its last.
    ///
    /// Swift's expressions try every way to match, and one with a repetition inside a repetition, such as `/(a+)+b/`, takes
    /// time that doubles with each character: write none. A text of more bytes than `maxBytes` is refused and not looked at,
    /// which keeps the time of all others small.
    ///
    /// - Parameters:
    ///   - expression: made once and used by all event loops: a literal, or one without closures of your own.
    ///   - maxBytes: the most bytes that a text may have.
    ///   - message: what the client is told, best with an example.
    public static func pattern<Output>(
        _ expression: sending Regex<Output>, maxBytes: Int = 256,
        _ message: String = "does not have the form that is asked for"
    ) -> Rule {
        // A `Regex` is immutable, and compiles itself once, atomically.
        nonisolated(unsafe) let expression = expression
        return Rule { text in
            guard text.utf8.count <= maxBytes else { return "must have at most \(maxBytes) bytes" }
            return (try? expression.wholeMatch(in: text)) != nil ? nil : message
        }
    }

    /// An e-mail address as browsers take it in `<input type="email">`, with at most 254 bytes.
    public static var email: Rule { check("must be an e-mail address") { EmailAddress.isValid($0) } }

    /// An absolute URL with a host that begins with `http://` or `https://`, of at most 2048 bytes.
    public static var url: Rule {
        check("must be a URL that begins with http:// or https://") { text in
            text.utf8.count <= 2048 && URL(string: text).map(isWebAddress) == true
        }
    }
}

extension Rule where Value == URL {
    /// An absolute URL with a host that begins with `http://` or `https://`.
    public static var web: Rule { check("must be a URL that begins with http:// or https://", isWebAddress) }
}

@Sendable private func isWebAddress(_ url: URL) -> Bool {
    guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https" else { return false }
    return url.host()?.isEmpty == false
}

extension String {
    /// Counts no further than it has to.
    fileprivate func hasCharacters(from least: Int, to most: Int?) -> Bool {
        // Each has a byte at least.
        guard utf8.count >= least else { return false }
        if least > 0, index(startIndex, offsetBy: least, limitedBy: endIndex) == nil { return false }
        guard let most else { return true }
        guard utf8.count <= most.multipliedReportingOverflow(by: 64).partialValue || most > .max / 64 else {
            return false
        }
        guard let end = index(startIndex, offsetBy: most, limitedBy: endIndex) else { return true }
        return end == endIndex
    }
}

/// The HTML standard's definition of an e-mail address, which leaves out what nobody has: quotes, comments, addresses of
/// machines. Read from left to right once.
enum EmailAddress {
    static let maximumBytes = 254

    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(maximumBytes + 1))
        guard bytes.count <= maximumBytes, let at = bytes.firstIndex(of: UInt8(ascii: "@")), at > 0 else {
            return false
        }
        guard bytes[..<at].allSatisfy({ isLetterOrDigit($0) || others.contains($0) }) else { return false }
        return bytes[(at + 1)...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy(isLabel)
    }

    private static let others = Set(".!#$%&'*+/=?^_`{|}~-".utf8)

    /// A part of a host's name.
    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
