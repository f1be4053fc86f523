import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@NotAction`: keeps a method from being an action, which `@Controller` sees to.
struct NotActionMacro: PeerMacro {
    static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        if let function = AttributePlacement.action(under: node, on: declaration, in: context, &findings) {
            for other in function.attributes.routing where other.baseName != "NotAction" {
                findings.report(
                    .contradiction(attribute: "NotAction", other: other.baseName), at: node,
                    fixIts: [.removing(node), .removing(other)])
            }
        }
        findings.emit(in: context)
        return []
    }
}
