import MartletRouting
import SwiftDiagnostics
import SwiftSyntax

/// A controller read from its source, with all that the expansion needs.
struct ControllerModel {
    let declaration: any DeclGroupSyntax
    let type: TokenSyntax
    /// The type's name less `Controller`.
    let name: String
    let prefix: PathTemplate
    /// nil for a controller that is not discovered: the app makes it.
    let construction: Construction?
    let actions: [Action]
    let isDiscovered: Bool

    /// Reports all that is wrong; an action that is wrong is left out.
    ///
    /// - Throws: `Rejection` when the type as a whole cannot be a controller, having reported why.
    init(
        _ declaration: some DeclGroupSyntax, attribute: AttributeSyntax, enclosing: [Syntax],
        _ findings: inout Findings
    ) throws(Rejection) {
        type = try Self.controllerType(declaration, attribute: attribute, enclosing: enclosing, &findings)
        self.declaration = declaration
        name = Self.name(from: type.unquotedText)
        prefix = try Self.prefix(name, attribute, &findings)
        var actions: [Action] = []
        for member in declaration.memberBlock.members {
            guard let function = member.decl.as(FunctionDeclSyntax.self), Action.isCandidate(function) else { continue }
            if let action = try? Action(function, of: declaration, prefix: prefix, &findings) {
                actions.append(action)
            }
        }
        self.actions = actions
        RouteCollision.report(among: actions, &findings)
        ConditionalMember.report(in: declaration, &findings)
        isDiscovered = try attribute.isDiscovered(&findings)
        construction = isDiscovered ? try Construction(declaration, &findings) : nil
    }

    /// The name of the type, when it is of a kind that can be a controller.
    private static func controllerType(
        _ declaration: some DeclGroupSyntax, attribute: AttributeSyntax, enclosing: [Syntax],
        _ findings: inout Findings
    ) throws(Rejection) -> TokenSyntax {
        let kind = declaration.introducer.text
        let article = ["a", "e", "i", "o"].contains(kind.prefix(1)) ? "an" : "a"
        let isType = ["struct", "class", "actor"].contains(kind)
        guard isType, let named = declaration.asProtocol((any NamedDeclSyntax).self) else {
            throw findings.reject(
                .notAController(kind: "\(article) \(kind)"), at: attribute, fixIts: [.removing(attribute)])
        }
        let isGeneric = ([Syntax(declaration)] + enclosing).contains {
            $0.asProtocol((any WithGenericParametersSyntax).self)?.genericParameterClause != nil
        }
        guard !isGeneric else {
            throw findings.reject(
                .genericController(name: named.name.unquotedText), at: named.name, fixIts: [.removing(attribute)])
        }
        // The compiler has an error of its own for these, and many more for what would be generated.
        let isLocal = enclosing.contains { !$0.isProtocol((any DeclGroupSyntax).self) }
        guard !isLocal else {
            throw findings.reject(
                .localController(name: named.name.unquotedText), at: named.name, fixIts: [.removing(attribute)])
        }
        return named.name
    }

    private static func name(from typeName: String) -> String {
        let suffix = "Controller"
        return typeName.hasSuffix(suffix) && typeName != suffix ? String(typeName.dropLast(suffix.count)) : typeName
    }

    private static func prefix(
        _ name: String, _ attribute: AttributeSyntax, _ findings: inout Findings
    ) throws(Rejection) -> PathTemplate {
        let written = try attribute.literalText(&findings)
        do {
            return try PathTemplate(written ?? (name == "Home" ? "" : PathNaming.kebabCase(name)))
        } catch {
            let node = attribute.firstArgument.map(Syntax.init) ?? Syntax(attribute)
            throw findings.reject(
                .malformedPath(path: error.template, reason: error.reason), at: node,
                fixIts: FixIt.correcting(error.template, at: node))
        }
    }
}

extension AttributeSyntax {
    /// Whether `@Controller` says nothing else.
    fileprivate func isDiscovered(_ findings: inout Findings) throws(Rejection) -> Bool {
        guard let argument = argument(labeled: "isDiscovered") else { return true }
        guard let literal = argument.as(BooleanLiteralExprSyntax.self) else {
            throw findings.reject(.argumentIsNotBooleanLiteral(attribute: baseName), at: argument)
        }
        return literal.literal.tokenKind == .keyword(.true)
    }
}
