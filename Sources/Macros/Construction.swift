import SwiftDiagnostics
import SwiftSyntax

/// How a controller is made: from an initializer of its own, or from its stored properties without a value.
struct Construction {
    let dependencies: [Dependency]
    /// An initializer that the type lacks.
    let generatedInitializer: String?
    let canThrow: Bool

    init(_ declaration: some DeclGroupSyntax, _ findings: inout Findings) throws(Rejection) {
        if let initializer = try Self.initializer(of: declaration, &findings) {
            try Self.check(initializer, of: declaration, &findings)
            let parameters = initializer.signature.parameterClause.parameters
            dependencies = try Dependency.parameters(parameters, &findings)
            generatedInitializer = nil
            canThrow = initializer.signature.effectSpecifiers?.throwsClause?.canThrow == true
        } else {
            dependencies = try Dependency.properties(of: declaration, &findings)
            let hasImplicit = declaration.is(StructDeclSyntax.self) || dependencies.isEmpty
            generatedInitializer =
                hasImplicit && !declaration.isOnGlobalActor
                ? nil : Self.initializer(for: dependencies, isNonisolated: declaration.isOnGlobalActor)
            canThrow = false
        }
    }

    /// The code that makes one from `services`.
    ///
    /// - Parameter type: as it is written there.
    func call(_ type: String) -> String {
        let arguments = dependencies.map { dependency in
            let label = dependency.label.map { "\($0): " } ?? ""
            return "\(label)try services.resolve((\(dependency.type)).self, \(source(of: dependency.name)))"
        }
        return "\(canThrow ? "try " : "")\(type)(\(arguments.joined(separator: ", ")))"
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
        _ initializer: InitializerDeclSyntax, of type: some DeclGroupSyntax, _ findings: inout Findings
    ) throws(Rejection) {
        let opaque = initializer.signature.parameterClause.parameters.first { $0.type.isOpaque }
        if let async = initializer.signature.effectSpecifiers?.asyncSpecifier {
            throw findings.reject(.unusableInitializer(.asynchronous), at: async)
        } else if let mark = initializer.optionalMark {
            throw findings.reject(.unusableInitializer(.failable), at: mark)
        } else if let generic = initializer.genericParameterClause.map(Syntax.init) ?? opaque.map(Syntax.init) {
            throw findings.reject(.unusableInitializer(.generic), at: generic)
        } else if initializer.isIsolated(in: type) {
            throw findings.reject(
                .unusableInitializer(.isolated), at: initializer.initKeyword,
                fixIts: [.makingNonisolated(initializer, of: type)])
        }
    }

    /// As visible as a struct's own would be.
    private static func initializer(for dependencies: [Dependency], isNonisolated: Bool) -> String {
        let access = dependencies.contains(where: \.isPrivate) ? "fileprivate " : ""
        let parameters = dependencies.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
        let assignments = dependencies.map { "self.\($0.name) = \($0.name)" }
        return """
            \(access)\(isNonisolated ? "nonisolated " : "")init(\(parameters)) {
            \(assignments.joined(separator: "\n"))
            }
            """
    }
}

extension ThrowsClauseSyntax {
    /// False for `throws(Never)`.
    var canThrow: Bool { type?.trimmedDescription != "Never" }
}
