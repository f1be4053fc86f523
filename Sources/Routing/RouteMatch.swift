/// What a path was found to mean.
public struct RouteMatch<Value: Sendable>: Sendable {
    /// What was inserted under the template that the path has matched.
    public let value: Value
    /// The decoded text of each parameter, in the order of ``PathTemplate/parameterNames``; an absent `{name?}` has none.
    ///
    /// No piece of a capture between slashes is `.` or `..`. That of a `{name...}` may begin with a slash.
    public let captures: [String]

    @inlinable init(value: Value, captures: [String]) {
        self.value = value
        self.captures = captures
    }
}
