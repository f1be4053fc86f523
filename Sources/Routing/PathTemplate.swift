/// The path of a route as it is written in code: `/chat/rooms/{room}`.
///
/// `{name}` stands for one segment, `{name?}` for one or none and `{name...}` for all that follow; the last two come last.
/// `{name}` may be a part of its segment, with text around it: `v{major}.{minor}`.
/// Literals are written decoded: `/聊天`, not `/%E8%81%8A%E5%A4%A9`.
public struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    /// What stands between two slashes.
    public enum Segment: Sendable, Hashable {
        /// This text, decoded, as the whole segment.
        case literal(String)
        /// `{name}`: one segment, whatever it is.
        case parameter(String)
        /// `{name?}`: one segment or none.
        case optional(String)
        /// `{name...}`: all segments that follow, or none.
        case catchAll(String)
        /// `v{major}.{minor}`: one segment, of texts and parameters. No two parameters stand side by side.
        ///
        /// A parameter in it stands for one character at least and never for a slash, encoded or not. From left to right,
        /// each ends at the first place at which the text behind it follows, and the last goes to the end or to the text
        /// that is the end: of `v1.2.3`, `major` is `1` and `minor` is `2.3`.
        case pattern([Part])

        /// A piece of a segment.
        public enum Part: Sendable, Hashable {
            /// This text, decoded.
            case literal(String)
            /// `{name}`: any text, by its name.
            case parameter(String)
        }
    }

    /// In the order of the path; none for the root.
    public let segments: [Segment]

    /// Reads a template; the leading slash may be left out, `""` and `"/"` are the root.
    ///
    /// - Throws: ``PathTemplateError`` when the text could not match what its author meant.
    public init(_ text: String) throws(PathTemplateError) {
        let scalars = text.unicodeScalars
        let body = scalars.first == "/" ? scalars.dropFirst() : scalars[...]
        var segments: [Segment] = []
        if !body.isEmpty {
            let pieces = body.split(separator: "/", omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                guard !piece.isEmpty else {
                    let isTrailing = index > 0 && index == pieces.count - 1
                    throw PathTemplateError(
                        template: text, reason: isTrailing ? "remove the trailing slash" : "a segment is empty (\"//\")"
                    )
                }
                segments.append(try Segment(parsing: String(piece), in: text))
            }
        }
        try self.init(segments: segments, template: text)
    }

    /// Checks what concerns the template as a whole; each segment is well-formed already.
    private init(segments: [Segment], template: String) throws(PathTemplateError) {
        var seen: Set<String> = []
        for segment in segments {
            for name in segment.names where !seen.insert(name).inserted {
                throw PathTemplateError(template: template, reason: "the name \"\(name)\" is used twice")
            }
        }
        for segment in segments.dropLast() {
            switch segment {
            case .literal, .parameter, .pattern: continue
            case .optional, .catchAll:
                throw PathTemplateError(template: template, reason: "\(segment) must be the last segment")
            }
        }
        self.segments = segments
    }

    /// The names of the parameters, in order.
    public var parameterNames: [String] { segments.flatMap(\.names) }

    /// The path that goes through `self` and then `other`.
    ///
    /// - Throws: ``PathTemplateError`` when a name occurs in both, or `self` ends in `{name?}` or `{name...}`.
    public func appending(_ other: PathTemplate) throws(PathTemplateError) -> PathTemplate {
        let joined = segments + other.segments
        return try PathTemplate(segments: joined, template: Self.text(of: joined))
    }

    /// The canonical text, with a leading slash.
    public var description: String { Self.text(of: segments) }

    private static func text(of segments: [Segment]) -> String {
        "/" + segments.map(\.description).joined(separator: "/")
    }
}
