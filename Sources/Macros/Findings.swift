import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// What is wrong with a declaration, gathered while it is read so that all of it is reported at once.
struct Findings {
    private(set) var diagnostics: [Diagnostic] = []

    mutating func report(
        _ message: ControllerDiagnostic, at node: some SyntaxProtocol, notes: [Note] = [], fixIts: [FixIt] = []
    ) {
        diagnostics.append(Diagnostic(node: node, message: message, notes: notes, fixIts: fixIts))
    }

    /// Reports what leaves nothing to generate: `throw findings.reject(…)`.
    mutating func reject(
        _ message: ControllerDiagnostic, at node: some SyntaxProtocol, fixIts: [FixIt] = []
    ) -> Rejection {
        report(message, at: node, fixIts: fixIts)
        return Rejection()
    }

    func emit(in context: some MacroExpansionContext) {
        for diagnostic in diagnostics { context.diagnose(diagnostic) }
    }
}

/// Thrown where the reason has been reported already.
struct Rejection: Error {}
