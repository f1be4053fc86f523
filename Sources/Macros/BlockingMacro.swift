import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Blocking`: `@Controller` sends the call to the thread pool, which can only be done to one that does not suspend.
struct BlockingMacro: PeerMacro {
    static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        if let function = AttributePlacement.action(under: node, on: declaration, in: context, &findings) {
            let name = function.name.unquotedText
            if function.signature.effectSpecifiers?.asyncSpecifier != nil {
                findings.report(.blockingOnAsynchronous(action: name), at: node, fixIts: [.removing(node)])
            } else if AttributePlacement.isIsolated(function, in: context) {
                findings.report(.blockingOnIsolated(action: name), at: node, fixIts: [.removing(node)])
            }
        }
        findings.emit(in: context)
        return []
    }
}
