import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@GET`, `@POST` and the other verbs: `@Controller` reads them, so on their own they only say where they are misplaced.
struct RouteMacro: PeerMacro {
    static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        if let function = AttributePlacement.action(under: node, on: declaration, in: context, &findings),
            node.baseName != "ANY", function.attributes.first(named: "ANY") != nil
        {
            findings.report(.anyWithAnotherVerb(verb: node.baseName), at: node, fixIts: [.removing(node)])
        }
        findings.emit(in: context)
        return []
    }
}
