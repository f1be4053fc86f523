import SwiftSyntax
import SwiftSyntaxMacros

/// `@Controller`: writes down what a type's methods are, and leaves a record of the type for the linker to gather.
struct ControllerMacro: MemberMacro, ExtensionMacro {
    static func expansion(
        of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax,
        conformingTo protocols: [TypeSyntax], in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        let model = try? ControllerModel(
            declaration, attribute: node, enclosing: context.lexicalContext, &findings)
        findings.emit(in: context)
        guard let model else { return [] }
        let expansion = ControllerExpansion(model: model, context: context)
        return [expansion.descriptor] + (model.isDiscovered ? [expansion.record] : []) + expansion.initializer
            + LinkExpansion(model: model).declarations
    }

    static func expansion(
        of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
        providingExtensionsOf type: some TypeSyntaxProtocol, conformingTo protocols: [TypeSyntax],
        in context: some MacroExpansionContext
    ) throws -> [ExtensionDeclSyntax] {
        // The members' expansion has reported what is wrong.
        var ignored = Findings()
        let model = try? ControllerModel(declaration, attribute: node, enclosing: context.lexicalContext, &ignored)
        guard model != nil, !protocols.isEmpty else { return [] }
        return [try ExtensionDeclSyntax("extension \(type.trimmed): MartletCore.Controller {}")]
    }
}
