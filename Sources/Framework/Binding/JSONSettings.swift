/// How an application reads and writes JSON: `app.json`.
///
/// It holds for JSON bodies, for results, problems and envelopes, and for the values that are published as events. Paths,
/// queries, forms, headers and cookies are no JSON, and stay as they are, and so do the events of `@ServerEvents`, which
/// their clients read by the same declaration, and those of the framework (`martlet.`).
///
/// What is read is strict in any case: RFC 8259 and nothing beyond it, so no trailing commas, comments, single quotes or
/// `NaN`, and no member twice.
public struct JSONSettings: Sendable, Hashable {
    /// What the members of an object are called.
    public enum Keys: Sendable, Hashable {
        /// As the properties, or their coding keys.
        case asWritten
        /// `firstName` and `APIKey` as `first_name` and `api_key`. The keys of a `Dictionary` with texts stay as they are.
        case snakeCase
    }

    /// What a `Date` is.
    public enum Dates: Sendable, Hashable {
        /// `"2026-11-24T10:00:00Z"` in UTC, with a fraction of three or six digits where there is one.
        case iso8601
        /// `"2026-11-24T10:00:00.000Z"`: always with a fraction, of three digits or, where they would not do, of six.
        /// Read as `iso8601`.
        case iso8601WithFractions
        /// A number of seconds, with a fraction where there is one.
        case secondsSince1970
    }

    /// Whether results are spread over lines. Events are not.
    public enum PrettyPrinting: Sendable, Hashable {
        /// In one line, which takes the fewest bytes.
        case never
        /// Where `app.isDevelopment` is true.
        case inDevelopment
        /// In production, too.
        case always
    }

    /// How the members of objects are named, where they are written and where they are read.
    public var keys = Keys.asWritten
    /// How a `Date` is written and read.
    public var dates = Dates.iso8601
    /// True to write the members of an object in the order of their names; else they come in any order, which may differ
    /// from one response to the next.
    public var sortsKeys = true
    /// When results are spread over lines, for people who read them.
    public var prettyPrinting = PrettyPrinting.never

    /// The settings of an application that changes nothing.
    public init() {}
}
