import MartletRouting
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@Actions`: writes down what the methods of a controller's extension are, and leaves a record for the linker to gather.
struct ActionsMacro: MemberMacro {
    static func expansion(
        of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax,
        conformingTo protocols: [TypeSyntax], in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        var findings = Findings()
        defer { findings.emit(in: context) }
        guard let declaration = declaration.as(ExtensionDeclSyntax.self) else {
            findings.report(
                .actionsNeedExtension(kind: declaration.introducer.text), at: node, fixIts: [.removing(node)])
            return []
        }
        guard let root = try? PathTemplate("") else { return [] }
        var actions: [Action] = []
        for member in declaration.memberBlock.members {
            guard let function = member.decl.as(FunctionDeclSyntax.self), Action.isCandidate(function),
                let action = try? Action(function, of: declaration, prefix: root, &findings)
            else { continue }
            actions.append(action)
        }
        RouteCollision.report(among: actions, &findings)
        ConditionalMember.report(in: declaration, &findings)
        let controller = declaration.extendedType.trimmedDescription
        let descriptors = ActionDescriptors(
            actions: actions, controller: controller, isExtension: true, context: context)
        return [record(of: controller, descriptors.sources, recordName(of: node, in: context))]
    }

    /// The compiler makes the same unique name for all extensions of a type that stand in one file; their places differ.
    private static func recordName(of node: AttributeSyntax, in context: some MacroExpansionContext) -> TokenSyntax {
        let place = context.location(of: node).map { "\($0.line.trimmedDescription)_\($0.column.trimmedDescription)" }
        return "__martletActions\(raw: place ?? "")"
    }

    /// As that of a controller, in a section of its own.
    private static func record(of controller: String, _ actions: [String], _ name: TokenSyntax) -> DeclSyntax {
        """
        #if canImport(Darwin)
        @section("__DATA,martlet_act") @used
        #else
        @section("martlet_act") @used
        #endif
        private nonisolated static let \(name): (UInt64, @convention(c) (UnsafeMutableRawPointer?) -> Void) = (1, { out in
            out?.assumingMemoryBound(to: MartletCore.ControllerActions.self).initialize(to: MartletCore.ControllerActions(of: \(raw: controller).self, \(raw: list(actions))))
        })
        """
    }
}
