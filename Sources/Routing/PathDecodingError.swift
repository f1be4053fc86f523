/// Why the path of a request cannot be read; it deserves a 400.
public struct PathDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In which way a path cannot be read.
    public enum Reason: Sendable, Hashable {
        /// A `%` that two hexadecimal digits do not follow (RFC 3986, section 2.1).
        case malformedEscape
        /// The decoded bytes are not UTF-8.
        case notUTF8
        /// A NUL, encoded or not.
        case nul
    }

    /// What is wrong with this path.
    public let reason: Reason

    /// Quotes nothing of the request, so that it may be logged and sent as it is.
    public var description: String {
        switch reason {
        case .malformedEscape: "The path has a \"%\" that two hexadecimal digits do not follow."
        case .notUTF8: "The path is not UTF-8 once it is decoded."
        case .nul: "The path has a NUL character."
        }
    }
}
