import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Use` and `@Mark`: `@Controller` reads them, so on their own they only say where they are misplaced.
struct AttributeMacro: PeerMacro {
    static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        if let type = declaration.asProtocol((any DeclGroupSyntax).self) {
            if type.attributes.first(named: "Controller") == nil {
                findings.report(
                    .attributeOutsideController(attribute: node.baseName), at: node, fixIts: [.removing(node)])
            }
        } else {
            _ = AttributePlacement.action(under: node, on: declaration, in: context, &findings)
        }
        findings.emit(in: context)
        return []
    }
}

extension AttributeListSyntax {
    /// The code for what `@Use` and `@Mark` say, in the order of the source.
    var routeAttributes: [String] {
        plain.filter { ["Use", "Mark"].contains($0.baseName) }.flatMap { attribute -> [String] in
            guard case .argumentList(let arguments) = attribute.arguments else { return [] }
            return arguments.map { argument in
                let value = argument.expression.trimmedDescription
                let text = source(of: "@\(attribute.baseName)(\(value))")
                return "MartletCore.RouteAttribute.\(attribute.baseName.lowercased())(\(value), \(text))"
            }
        }
    }
}
