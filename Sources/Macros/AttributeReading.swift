import SwiftSyntax

extension AttributeSyntax {
    /// The last part of the name: `Body` in `@MartletCore.Body`.
    var baseName: String {
        if let member = attributeName.as(MemberTypeSyntax.self) { return member.name.text }
        return attributeName.as(IdentifierTypeSyntax.self)?.name.text ?? attributeName.trimmedDescription
    }

    /// The expression of the first argument without a label.
    var firstArgument: ExprSyntax? {
        guard case .argumentList(let arguments) = arguments, let first = arguments.first, first.label == nil else {
            return nil
        }
        return first.expression
    }

    func argument(labeled label: String) -> ExprSyntax? {
        guard case .argumentList(let arguments) = arguments else { return nil }
        return arguments.first { $0.label?.text == label }?.expression
    }

    /// The text of the first argument, which must be a plain string literal; nil where there is none or it is `nil`.
    func literalText(_ findings: inout Findings) throws(Rejection) -> String? {
        guard let argument = firstArgument, !argument.is(NilLiteralExprSyntax.self) else { return nil }
        guard let text = argument.as(StringLiteralExprSyntax.self)?.representedLiteralValue else {
            throw findings.reject(.argumentIsNotLiteral(attribute: baseName), at: argument)
        }
        return text
    }
}

extension AttributeListSyntax {
    /// The attributes that stand there in the source, those inside `#if` left out.
    var plain: [AttributeSyntax] {
        compactMap { element in
            guard case .attribute(let attribute) = element else { return nil }
            return attribute
        }
    }

    func first(named name: String) -> AttributeSyntax? { plain.first { $0.baseName == name } }

    /// An attribute whose name ends in `Actor` isolates what it stands on.
    var globalActors: [AttributeSyntax] { plain.filter { $0.baseName.hasSuffix("Actor") } }
    var hasGlobalActor: Bool { !globalActors.isEmpty }

    /// Those that give a method its routes.
    var verbs: [AttributeSyntax] { plain.filter { VerbAttribute(rawValue: $0.baseName) != nil } }

    /// Those that mean something to `@Controller`.
    var routing: [AttributeSyntax] {
        plain.filter {
            VerbAttribute(rawValue: $0.baseName) != nil
                || ["NotAction", "Blocking", "Use", "Mark", "Authorize", "AllowAnonymous"].contains($0.baseName)
        }
    }
}
