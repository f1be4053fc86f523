/// Why a text is not a path template.
public struct PathTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text as it was written.
    public let template: String
    /// What is wrong with it: a clause with no capital and no full stop.
    public let reason: String

    /// The template and the reason in a sentence, as a start that fails prints it.
    public var description: String { "\(template.debugDescription) is not a path template: \(reason)." }
}
