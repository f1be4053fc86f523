import MartletRouting
import SwiftDiagnostics
import SwiftParser
import SwiftSyntax

/// A parameter of an action as its source declares it.
struct ActionParameterModel {
    let syntax: FunctionParameterSyntax
    /// The name on the wire.
    let name: String
    /// What stands before the argument in a call, nil for `_`.
    let label: String?
    let type: String
    /// The attribute that says where it comes from; nil where its type, the path and the verb decide.
    let source: AttributeSyntax?
    let defaultValue: String?
    /// What `@Valid` holds it against, as it is written; nil without one.
    let rules: String?

    private static let sources: Set<String> = ["Body", "Query", "Header", "Cookie"]

    init(_ syntax: FunctionParameterSyntax, of function: FunctionDeclSyntax, _ findings: inout Findings)
        throws(Rejection)
    {
        self.syntax = syntax
        let written = syntax.argumentName
        let form = syntax.ellipsis == nil ? syntax.type.unbindableForm : .variadic
        if let form {
            throw findings.reject(
                .parameterCannotBeBound(parameter: written, form: form), at: syntax,
                fixIts: FixIt.keepingFromRouting(function))
        }
        let sources = syntax.attributes.plain.filter { Self.sources.contains($0.baseName) }
        if sources.count > 1 {
            throw findings.reject(
                .twoSources(parameter: written, first: sources[0].baseName, second: sources[1].baseName),
                at: sources[1], fixIts: sources.prefix(2).map { FixIt.removing($0) })
        }
        source = sources.first
        name = try source?.literalText(&findings) ?? written
        label = syntax.callLabel
        type = syntax.type.spelling
        defaultValue = syntax.defaultValue?.value.trimmedDescription
        rules = try syntax.attributes.first(named: "Valid")?.rules(of: written, &findings)
    }

    /// Whether a `{place}` of the path fills it.
    func isFilled(by place: String) -> Bool { source == nil && isNamed(place) }

    /// Names match whatever their case style: `userId`, `user_id`, `user-id`.
    func isNamed(_ place: String) -> Bool {
        PathNaming.snakeCase(syntax.argumentName) == PathNaming.snakeCase(place)
    }
}

extension AttributeSyntax {
    /// The arguments, as the elements of an array.
    fileprivate func rules(of parameter: String, _ findings: inout Findings) throws(Rejection) -> String? {
        guard case .argumentList(let arguments) = arguments else { return nil }
        // The compiler crashes where a closure stands in the attribute of a parameter (Swift 6.3).
        if let closure = arguments.firstClosure {
            throw findings.reject(.closureInRule(parameter: parameter), at: closure)
        }
        return arguments.trimmedDescription
    }
}

extension SyntaxProtocol {
    fileprivate var firstClosure: ClosureExprSyntax? {
        if let closure = self.as(ClosureExprSyntax.self) { return closure }
        for child in children(viewMode: .sourceAccurate) {
            if let closure = child.firstClosure { return closure }
        }
        return nil
    }
}

extension FunctionParameterSyntax {
    /// The label, or the name inside the function where the label is `_`, less its backticks.
    var argumentName: String {
        let token = firstName.tokenKind == .wildcard ? secondName ?? firstName : firstName
        return token.unquotedText
    }

    /// The label as a call spells it, nil for `_`; most keywords must lose their backticks there.
    var callLabel: String? {
        guard firstName.tokenKind != .wildcard else { return nil }
        let name = firstName.unquotedText
        let needsBackticks = ["inout", "let", "var"].contains(name) || !name.isValidSwiftIdentifier(for: .memberAccess)
        return needsBackticks ? firstName.text : name
    }
}

extension TokenSyntax {
    /// The identifier without its backticks.
    var unquotedText: String { identifier?.name ?? text }
}
