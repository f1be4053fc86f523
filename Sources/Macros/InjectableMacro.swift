import SwiftSyntax
import SwiftSyntaxMacros

/// `@Injectable`: writes down how a type is made from services.
struct InjectableMacro: MemberMacro, ExtensionMacro {
    static func expansion(
        of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax,
        conformingTo protocols: [TypeSyntax], in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        defer { findings.emit(in: context) }
        guard let type = declaration.injectableName(&findings, node),
            let construction = try? Construction(declaration, &findings)
        else { return [] }
        let access = declaration.modifiers.accessOfMember
        let services = "services.owned(by: \(context.locationSource(of: type)))"
        let make: DeclSyntax = """
            \(raw: access)nonisolated static func make(from services: MartletCore.ServiceResolver) throws -> Self {
            \(raw: construction.dependencies.isEmpty ? "" : "let services = \(services)\n")return \(raw: construction.call("Self"))
            }
            """
        return [make] + (construction.generatedInitializer.map { ["\(raw: $0)"] } ?? [])
    }

    static func expansion(
        of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
        providingExtensionsOf type: some TypeSyntaxProtocol, conformingTo protocols: [TypeSyntax],
        in context: some MacroExpansionContext
    ) throws -> [ExtensionDeclSyntax] {
        // The members' expansion has reported what is wrong.
        var ignored = Findings()
        guard declaration.injectableName(&ignored, node) != nil, !protocols.isEmpty else { return [] }
        return [try ExtensionDeclSyntax("extension \(type.trimmed): MartletCore.Injectable {}")]
    }
}

extension DeclGroupSyntax {
    /// The name of a type that can be made; reports what cannot.
    fileprivate func injectableName(_ findings: inout Findings, _ attribute: AttributeSyntax) -> TokenSyntax? {
        let kind = introducer.text
        guard ["struct", "class", "actor"].contains(kind), let named = asProtocol((any NamedDeclSyntax).self) else {
            findings.report(.notInjectable(kind: kind), at: attribute, fixIts: [.removing(attribute)])
            return nil
        }
        return named.name
    }
}
