/// What streams subscribe to beside single topics: `room/*` is every topic of two segments that begins with `room/`,
/// `room/**` every topic below `room`.
///
/// It is written as a literal, into which nothing can be interpolated: what users send never becomes a pattern.
///
///     ctx.sse.open(patterns: ["prices/*"])
public struct TopicPattern: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The pattern as it was written.
    public let description: String
    /// Split at the slashes; nil for a topic, which stands for itself.
    let segments: [Substring]?
    /// What is wrong with the literal that it was made from.
    let problem: TopicError?

    static let anySegment: Substring = "*"
    static let anyRest: Substring = "**"

    /// - Parameter value: where it is malformed, the stream that is opened with it is answered with an error that says so.
    public init(stringLiteral value: String) {
        do throws(TopicError) {
            try self.init(value)
        } catch {
            self.init(description: value, problem: error)
        }
    }

    /// A text that the app has checked, or written itself.
    ///
    /// - Throws: `TopicError` for a text that is neither a topic nor a pattern.
    public init(_ text: String) throws(TopicError) {
        let segments = try Self.segments(of: text)
        description = text
        problem = nil
        self.segments = segments.contains { $0 == Self.anySegment || $0 == Self.anyRest } ? segments : nil
        for (index, segment) in segments.enumerated() where segment.utf8.contains(UInt8(ascii: "*")) {
            let isWhole = segment == Self.anySegment || (segment == Self.anyRest && index == segments.count - 1)
            guard isWhole else {
                throw TopicError(topic: text, reason: "'*' stands for a whole segment, and '**' for the last ones")
            }
        }
    }

    /// One topic alone.
    ///
    /// - Throws: `TopicError` for a topic that nothing can be published to.
    init(_ topic: Topic) throws(TopicError) { self.init(description: try topic.checked(), problem: nil) }

    private init(description: String, problem: TopicError?) {
        self.description = description
        self.problem = problem
        segments = nil
    }

    package func matches(_ topic: String) -> Bool {
        guard let segments else { return description == topic }
        // Without splitting it: a replay asks this for every event of the history.
        var rest: Substring? = topic[...]
        for segment in segments {
            guard let text = rest else { return false }
            if segment == Self.anyRest { return true }
            let end = text.utf8.firstIndex(of: Self.separator) ?? text.endIndex
            guard segment == Self.anySegment || segment == text[..<end] else { return false }
            rest = end == text.endIndex ? nil : text[text.utf8.index(after: end)...]
        }
        return rest == nil
    }

    private static let separator = UInt8(ascii: "/")

    /// The segments of a topic, cut at each slash, whatever combines with it.
    static func split(_ topic: String) -> [Substring] {
        topic.utf8.split(separator: separator, omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// - Throws: `TopicError` for a text that events cannot be published to.
    static func checkTopic(_ text: String) throws(TopicError) {
        // Most topics pass here without being split.
        if text.utf8.contains(UInt8(ascii: "*")) {
            throw TopicError(
                topic: text, reason: "it has a '*'; subscribe to a pattern with patterns:, as in patterns: [\"room/*\"]"
            )
        }
        guard !text.isEmpty, text.utf8.count <= maximumBytes else { throw badLength(text) }
    }

    /// The most bytes of a topic or pattern.
    static let maximumBytes = 1024
    /// The most segments of a pattern: what its matching may cost.
    static let maximumSegments = 16

    private static func badLength(_ text: String) -> TopicError {
        TopicError(topic: String(text.prefix(64)), reason: "it has not 1 to \(maximumBytes) bytes")
    }

    private static func segments(of text: String) throws(TopicError) -> [Substring] {
        guard !text.isEmpty, text.utf8.count <= maximumBytes else { throw badLength(text) }
        let segments = split(text)
        guard segments.count <= maximumSegments || !text.utf8.contains(UInt8(ascii: "*")) else {
            throw TopicError(topic: text, reason: "it has more than \(maximumSegments) segments")
        }
        return segments
    }
}

extension TopicPattern {
    /// True where everything that the other stands for is matched by this.
    func covers(_ other: TopicPattern) -> Bool {
        guard let theirs = other.segments else { return matches(other.description) }
        guard let segments else { return false }
        for (index, segment) in segments.enumerated() {
            guard index < theirs.count else { return false }
            if segment == Self.anyRest { return true }
            if theirs[index] == Self.anyRest { return false }
            guard segment == Self.anySegment || segment == theirs[index] else { return false }
        }
        return theirs.count == segments.count
    }

    /// True where some topic is matched by both.
    func overlaps(_ other: TopicPattern) -> Bool {
        let mine = segments ?? Self.split(description)
        let theirs = other.segments ?? Self.split(other.description)
        for index in 0..<max(mine.count, theirs.count) {
            guard index < mine.count, index < theirs.count else { return false }
            if mine[index] == Self.anyRest || theirs[index] == Self.anyRest { return true }
            let isWild = mine[index] == Self.anySegment || theirs[index] == Self.anySegment
            guard isWild || mine[index] == theirs[index] else { return false }
        }
        return true
    }
}
