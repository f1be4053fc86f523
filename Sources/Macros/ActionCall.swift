import SwiftSyntax

/// The code that binds an action's parameters at start-up, then reads them, calls it and makes the response.
struct ActionCall {
    let action: Action
    /// The controller's type.
    let controller: String

    var source: String {
        lines(
            "{ (controller: \(controller), binder: inout MartletCore.ActionBinder) in", binding,
            "return \(isSynchronous ? ".synchronous" : ".asynchronous") { ctx in", reading, call, "}", "}")
    }

    /// What is the same for all requests.
    private var binding: String {
        lines(
            action.parameters.enumerated().map { index, parameter in
                let defaultValue = parameter.defaultValue.map { ", default: { \($0) }" } ?? ""
                let rules = parameter.rules.map { ", rules: [\($0)]" } ?? ""
                return
                    "let parameter\(index) = binder.parameter(\(index), (\(parameter.type)).self\(defaultValue)\(rules))"
            })
    }

    /// All arguments are read before any is missed, so that the error names every one that is wrong.
    private var reading: String {
        let indices = action.parameters.indices
        guard !indices.isEmpty else { return "" }
        return lines(
            ["var arguments = try MartletCore.ActionArguments(ctx)"]
                + indices.map { "let argument\($0) = arguments.read(parameter\($0))" }
                + [
                    "guard \(indices.map { "let argument\($0)" }.joined(separator: ", ")) else {",
                    "throw arguments.failure()", "}",
                ])
    }

    private var call: String {
        let arguments = action.parameters.enumerated().map { index, parameter in
            "\(parameter.label.map { "\($0): " } ?? "")argument\(index)"
        }
        let effects = (action.canThrow ? "try " : "") + (action.mustBeAwaited ? "await " : "")
        let value = "\(effects)controller.\(action.function.name.text)(\(arguments.joined(separator: ", ")))"
        let response =
            switch action.result {
            case .void: lines(value, "return try MartletCore.ActionResult.response((), ctx)")
            case .value, .opaque: "return try MartletCore.ActionResult.response(\(value), ctx)"
            }
        return action.isBlocking ? lines("return try await ctx.blocking {", response, "}") : response
    }

    /// True where nothing in it can wait.
    private var isSynchronous: Bool { !action.mustBeAwaited && !action.isBlocking }

    private func lines(_ lines: String...) -> String { self.lines(lines) }
    private func lines(_ lines: [String]) -> String { lines.filter { !$0.isEmpty }.joined(separator: "\n") }
}
