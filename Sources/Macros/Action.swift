import MartletRouting
import SwiftDiagnostics
import SwiftSyntax

/// A method that requests can reach, read from its source.
struct Action {
    let function: FunctionDeclSyntax
    let name: String
    let parameters: [ActionParameterModel]
    /// One for each path, usually a single one.
    let routes: [ActionRoute]
    /// True where calling it from outside its actor has to wait.
    let isIsolated: Bool

    /// - Throws: `Rejection` when the method cannot be an action, having reported why.
    init(
        _ function: FunctionDeclSyntax, prefix: PathTemplate, isTypeIsolated: Bool, _ findings: inout Findings
    ) throws(Rejection) {
        self.function = function
        name = function.name.unquotedText
        isIsolated = function.attributes.hasGlobalActor || (isTypeIsolated && !function.modifiers.has(.nonisolated))
        let isReachable = Self.check(function, name, &findings)
        var parameters: [ActionParameterModel] = []
        for parameter in function.signature.parameterClause.parameters {
            if let model = try? ActionParameterModel(parameter, of: function, &findings) { parameters.append(model) }
        }
        guard isReachable, parameters.count == function.signature.parameterClause.parameters.count else {
            throw Rejection()
        }
        self.parameters = parameters
        routes = try ActionRoute.routes(of: function, name: name, parameters: parameters, prefix: prefix, &findings)
    }

    /// Whether a method stands for an action by its declaration alone.
    static func isCandidate(_ function: FunctionDeclSyntax) -> Bool {
        function.modifiers.excluding == nil && function.attributes.first(named: "NotAction") == nil
    }

    private static func check(_ function: FunctionDeclSyntax, _ name: String, _ findings: inout Findings) -> Bool {
        let isGeneric =
            function.genericParameterClause != nil
            || function.signature.parameterClause.parameters.contains { $0.type.isOpaque }
        let result = function.signature.returnClause?.type
        let resultForm = result.flatMap { $0.isVoid ? nil : $0.unbindableForm }
        let problem: (ControllerDiagnostic, Syntax)? =
            if isGeneric {
                (.genericAction(action: name), Syntax(function.name))
            } else if let mutating = function.modifiers.first(.mutating) {
                (.mutatingAction(action: name), Syntax(mutating))
            } else if let result, let resultForm {
                (.resultCannotBeSent(action: name, form: resultForm), Syntax(result))
            } else {
                nil
            }
        guard let (message, node) = problem else { return true }
        findings.report(message, at: node, fixIts: FixIt.keepingFromRouting(function))
        return false
    }
}
