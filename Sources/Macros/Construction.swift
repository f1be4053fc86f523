import SwiftDiagnostics
import SwiftSyntax

/// How a controller is made: from an initializer of its own, or from its stored properties without a value.
struct Construction {
    let dependencies: [Dependency]
    /// An initializer that the type lacks.
    let generatedInitializer: String?
    let canThrow: Bool

    init(_ declaration: some DeclGroupSyntax, isTypeIsolated: Bool, _ findings: inout Findings) throws(Rejection) {
        if let initializer = try Self.initializer(of: declaration, &findings) {
            try Self.check(initializer, isTypeIsolated: isTypeIsolated, &findings)
            let parameters = initializer.signature.parameterClause.parameters
            dependencies = try Dependency.parameters(parameters, &findings)
            generatedInitializer = nil
            canThrow = initializer.signature.effectSpecifiers?.throwsClause?.canThrow == true
        } else {
            dependencies = try Dependency.properties(of: declaration, &findings)
            let isStruct = declaration.is(StructDeclSyntax.self)
            let hasImplicit = isStruct || dependencies.isEmpty
            let isIsolated = isTypeIsolated && !declaration.is(ActorDeclSyntax.self)
            generatedInitializer = hasImplicit && !isIsolated ? nil : Self.initializer(for: dependencies, isIsolated)
            canThrow = false
        }
    }

    /// The initializer to call, nil where the type declares none.
    private static func initializer(
        of declaration: some DeclGroupSyntax, _ findings: inout Findings
    ) throws(Rejection) -> InitializerDeclSyntax? {
        let all = declaration.memberBlock.members.compactMap { $0.decl.as(InitializerDeclSyntax.self) }
            .filter { !$0.modifiers.has(.convenience) }
        let visible = all.filter { $0.modifiers.excluding == nil }
        let candidates = visible.isEmpty ? all : visible
        guard candidates.count > 1 else { return candidates.first }
        let plain = candidates.filter { $0.signature.parameterClause.parameters.allSatisfy { $0.defaultValue != nil } }
        guard plain.count != 1 else { return plain.first }
        let name = declaration.asProtocol((any NamedDeclSyntax).self)?.name.unquotedText ?? ""
        throw findings.reject(.severalInitializers(type: name), at: candidates[1].initKeyword)
    }

    private static func check(
        _ initializer: InitializerDeclSyntax, isTypeIsolated: Bool, _ findings: inout Findings
    ) throws(Rejection) {
        let isIsolated = initializer.attributes.hasGlobalActor
            || (isTypeIsolated && !initializer.modifiers.has(.nonisolated))
        if initializer.signature.effectSpecifiers?.asyncSpecifier != nil {
            throw findings.reject(.unusableInitializer(reason: .asynchronous), at: initializer.initKeyword)
        } else if let mark = initializer.optionalMark {
            throw findings.reject(.unusableInitializer(reason: .failable), at: mark)
        } else if let generics = initializer.genericParameterClause {
            throw findings.reject(.unusableInitializer(reason: .generic), at: generics)
        } else if isIsolated {
            throw findings.reject(
                .unusableInitializer(reason: .isolated), at: initializer.initKeyword,
                fixIts: [.makingNonisolated(initializer)])
        }
    }

    /// As visible as a struct's own would be.
    private static func initializer(for dependencies: [Dependency], _ isIsolated: Bool) -> String {
        let access = dependencies.contains(where: \.isPrivate) ? "fileprivate " : ""
        let parameters = dependencies.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
        let assignments = dependencies.map { "self.\($0.name) = \($0.name)" }
        return """
            \(access)\(isIsolated ? "nonisolated " : "")init(\(parameters)) {
            \(assignments.joined(separator: "\n"))
            }
            """
    }
}

extension ThrowsClauseSyntax {
    /// False for `throws(Never)`.
    var canThrow: Bool { type?.trimmedDescription != "Never" }
}
