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
        _ function: FunctionDeclSyntax, of type: some DeclGroupSyntax, prefix: PathTemplate, _ findings: inout Findings
    ) throws(Rejection) {
        self.function = function
        name = function.name.unquotedText
        isIsolated = function.isIsolated(in: type)
        let isCallable = Self.isCallable(function, &findings)
        let written = function.signature.parameterClause.parameters
        var parameters: [ActionParameterModel] = []
        for parameter in written {
            guard let model = try? ActionParameterModel(parameter, of: function, &findings) else { continue }
            parameters.append(model)
        }
        guard isCallable, parameters.count == written.count else { throw Rejection() }
        self.parameters = parameters
        routes = try ActionRoute.routes(of: function, parameters: parameters, prefix: prefix, &findings)
    }

    /// Whether a method stands for an action by its declaration alone.
    static func isCandidate(_ function: FunctionDeclSyntax) -> Bool {
        function.modifiers.excluding == nil && function.attributes.first(named: "NotAction") == nil
    }

    /// Whether a request can call the method whatever its parameters are; reports what is in the way.
    private static func isCallable(_ function: FunctionDeclSyntax, _ findings: inout Findings) -> Bool {
        let name = function.name.unquotedText
        let signature = function.signature
        let isGeneric =
            function.genericParameterClause != nil
            || signature.parameterClause.parameters.contains { $0.type.isOpaque }
        let problem: (ControllerDiagnostic, Syntax)? =
            if isGeneric {
                (.genericAction(action: name), Syntax(function.name))
            } else if let mutating = function.modifiers.first(.mutating) {
                (.mutatingAction(action: name), Syntax(mutating))
            } else if let result = signature.returnClause?.type, !result.isVoid, let form = result.unbindableForm {
                (.resultCannotBeSent(action: name, form: form), Syntax(result))
            } else {
                nil
            }
        guard let (message, node) = problem else { return true }
        findings.report(message, at: node, fixIts: FixIt.keepingFromRouting(function))
        return false
    }
}
