import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Use`, `@Mark`, `@Authorize` and `@AllowAnonymous`: `@Controller` reads them, so on their own they only say where they are misplaced.
struct AttributeMacro: PeerMacro {
    static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        let attributes = declaration.asProtocol((any WithAttributesSyntax).self)?.attributes
        if node.baseName == "AllowAnonymous", attributes?.first(named: "Authorize") != nil {
            findings.report(
                .contradiction(attribute: node.baseName, other: "Authorize"), at: node, fixIts: [.removing(node)])
        }
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
    /// The code for what `@Use`, `@Mark`, `@Authorize` and `@AllowAnonymous` say, in the order of the source.
    var routeAttributes: [String] {
        plain.flatMap { attribute -> [String] in
            let name = attribute.baseName
            switch name {
            case "Use", "Mark":
                guard case .argumentList(let arguments) = attribute.arguments else { return [] }
                return arguments.map { argument in
                    let value = argument.expression.trimmedDescription
                    let text = source(of: "@\(name)(\(value))")
                    return "MartletCore.RouteAttribute.\(name.lowercased())(\(value), \(text))"
                }
            case "Authorize", "AllowAnonymous":
                let text = "source: \(source(of: attribute.trimmedDescription))"
                guard case .argumentList(let arguments) = attribute.arguments, !arguments.isEmpty else {
                    let function = name == "Authorize" ? "authenticated" : "allowAnonymous"
                    return ["MartletCore.RouteAttribute.\(function)(\(text))"]
                }
                return ["MartletCore.RouteAttribute.authorize(\(arguments.trimmedDescription), \(text))"]
            default:
                return []
            }
        }
    }
}
