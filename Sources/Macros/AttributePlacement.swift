import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// Where an attribute of a method has an effect.
enum AttributePlacement {
    /// The action that the attribute stands on; nil where it can have no effect, which is then reported.
    static func action(
        under attribute: AttributeSyntax, on declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext, _ findings: inout Findings
    ) -> FunctionDeclSyntax? {
        let name = attribute.baseName
        guard let function = declaration.as(FunctionDeclSyntax.self) else {
            findings.report(
                .attributeNeedsMethod(attribute: name), at: attribute, fixIts: [.removing(attribute)])
            return nil
        }
        let enclosing = context.lexicalContext.first
        let isInActions = enclosing?.as(ExtensionDeclSyntax.self)?.attributes.first(named: "Actions") != nil
        if enclosing?.is(ExtensionDeclSyntax.self) == true, !isInActions {
            findings.report(.attributeInExtension(attribute: name), at: attribute, fixIts: [.removing(attribute)])
        } else if !isInActions,
            enclosing?.asProtocol((any DeclGroupSyntax).self)?.attributes.first(named: "Controller") == nil
        {
            findings.report(
                .attributeOutsideController(attribute: name), at: attribute, fixIts: [.removing(attribute)])
        } else if let modifier = function.modifiers.excluding {
            findings.report(
                .attributeOnExcludedMethod(attribute: name, modifier: modifier.name.text), at: attribute,
                fixIts: [.removing(modifier), .removing(attribute)])
        } else {
            return function
        }
        return nil
    }

    /// Whether something around the method isolates it to an actor.
    static func isIsolated(_ function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> Bool {
        guard let type = context.lexicalContext.first?.asProtocol((any DeclGroupSyntax).self) else { return false }
        return function.isIsolated(in: type)
    }
}
