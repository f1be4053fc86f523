import SwiftDiagnostics
import SwiftSyntax

/// Members inside `#if`, which a macro gets whether the condition holds or not.
enum ConditionalMember {
    /// Reports those that would be left out silently: actions, initializers and properties to inject.
    static func report(in declaration: some DeclGroupSyntax, _ findings: inout Findings) {
        for member in declaration.memberBlock.members {
            guard let condition = member.decl.as(IfConfigDeclSyntax.self) else { continue }
            report(in: condition, &findings)
        }
    }

    private static func report(in condition: IfConfigDeclSyntax, _ findings: inout Findings) {
        for clause in condition.clauses {
            guard case .decls(let members) = clause.elements else { continue }
            for member in members { report(member.decl, &findings) }
        }
    }

    private static func report(_ member: DeclSyntax, _ findings: inout Findings) {
        if let nested = member.as(IfConfigDeclSyntax.self) {
            report(in: nested, &findings)
        } else if let function = member.as(FunctionDeclSyntax.self), Action.isCandidate(function) {
            findings.report(
                .conditionalMember(member: "the action '\(function.name.unquotedText)'"), at: function.name,
                fixIts: FixIt.keepingFromRouting(function))
        } else if let initializer = member.as(InitializerDeclSyntax.self) {
            findings.report(.conditionalMember(member: "an initializer"), at: initializer.initKeyword)
        } else if let property = member.as(VariableDeclSyntax.self) {
            // Whether a property can be injected is not the point here.
            var ignored = Findings()
            for dependency in (try? Dependency.dependencies(in: property, &ignored)) ?? [] {
                findings.report(.conditionalMember(member: "the property '\(dependency.name)'"), at: property.bindings)
            }
        }
    }
}
