/// What events are published to, and streams subscribe to: a text of 1 to 1024 bytes without `*`, in segments between
/// slashes.
///
///     ctx.sse.open(topics: ["room/\(room)"])
///
/// What is interpolated is one segment, and part of no other: a slash or a `*` in it is refused when the topic is used, with
/// 400. Where it may have slashes, say `\(path: text)`.
public struct Topic: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringInterpolation {
    /// The topic as text, slashes included.
    public let description: String
    /// What was put into it as one segment, and is none.
    private let badSegment: String?

    /// A topic as a whole: not for what users send.
    public init(_ text: String) {
        description = text
        badSegment = nil
    }

    /// A topic as the source has it; a malformed one is refused when it is used.
    public init(stringLiteral value: String) { self.init(value) }

    /// A topic with values in it, each of which is one segment or part of one.
    public init(stringInterpolation: StringInterpolation) {
        description = stringInterpolation.text
        badSegment = stringInterpolation.badSegment.map { String($0.prefix(64)) }
    }

    /// Puts a topic together, and notes a value that is not one segment.
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var text = ""
        fileprivate var badSegment: String?

        /// Used by the code that the compiler writes for an interpolation.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// What stands around the values: it may have slashes.
        public mutating func appendLiteral(_ literal: String) { text += literal }

        /// A segment, or a part of one.
        public mutating func appendInterpolation(_ segment: some CustomStringConvertible) {
            let segment = segment.description
            let isOne =
                !segment.isEmpty && !segment.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "*") }
            if !isOne { badSegment = badSegment ?? segment }
            text += segment
        }

        /// Any number of segments, slashes included.
        public mutating func appendInterpolation(path: String) { text += path }
    }

    /// The text, where events can be published to it.
    ///
    /// - Throws: `TopicError`.
    func checked() throws(TopicError) -> String {
        if let badSegment {
            throw TopicError(
                topic: String(description.prefix(64)),
                reason: "'\(badSegment)' is put into it as one segment, and has a '/' or a '*' or nothing in it",
                isRequests: true)
        }
        try TopicPattern.checkTopic(description)
        return description
    }
}

/// A topic that cannot be subscribed or published to.
public struct TopicError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The topic or pattern; only the beginning of one that is too long.
    public let topic: String
    let reason: String
    /// True where it is the request that put something into the topic that cannot be there: an error of its own then (400).
    var isRequests = false
    /// The topic and the reason as a sentence.
    public var description: String { "The topic '\(topic)' cannot be used: \(reason)." }
}
