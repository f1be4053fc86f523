/// Asks what the rules of an action's parameters have to ask somebody, before the action runs.
///
/// The action reads its arguments at one go, and so does this before it. Only an action with such a rule reads them twice.
struct RuleInquiry: Sendable {
    let reads: [@Sendable (inout ActionArguments) -> Void]

    /// - Throws: what answers the request where anything is wrong with it.
    func ask(_ ctx: Context) async throws {
        var arguments = try ActionArguments(ctx)
        for read in reads { read(&arguments) }
        try await arguments.settle()
    }
}
