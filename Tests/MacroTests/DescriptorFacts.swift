import SwiftSyntax
import Testing

@testable import MartletMacros

/// What was generated, by its facts: the arguments of the calls in an expansion, without white space at the ends.
extension Expansion {
    /// The arguments of each call of an initializer, by label; those without a label by their place.
    func calls(of name: String) -> [[String: String]] {
        let finder = CallFinder(name)
        finder.walk(file)
        return finder.found
    }

    var controllers: [[String: String]] { calls(of: "MartletCore.ControllerDescriptor") }
    var actions: [[String: String]] { calls(of: "MartletCore.ActionDescriptor") }

    /// The verbs and path of each action: `PUT, PATCH /chat/{id}`.
    var routes: [String] {
        actions.map { "\(verbs($0["verbs", default: ""])) \(unquoted($0["path", default: ""]))" }
    }

    /// The parameters of all actions: `page: (Int?) from query = nil`.
    var parameters: [String] {
        calls(of: "MartletCore.ActionParameter").map { facts in
            "\(unquoted(facts["0", default: ""])): \(facts["1", default: ""].dropLast(".self".count))"
                + (facts["source"].map { " from \($0.dropFirst())" } ?? "")
                + (facts["defaultValue"].map { " = \(unquoted($0))" } ?? "")
        }
    }

    /// The closure that makes the only controller, on one line.
    var make: String? {
        controllers.first?["make"]?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// What the controller is given when it is made: `rooms: (ChatRooms)`.
    var dependencies: [String] {
        calls(of: "MartletCore.ControllerDependency").map { facts in
            "\(unquoted(facts["0", default: ""])): \(facts["1", default: ""].dropLast(".self".count))"
        }
    }

    /// The only action's statements, one a line, without indentation.
    func statements() throws -> [String] {
        try #require(actions.first?["bind"]).split(separator: "\n").map { line in
            String(line.drop { $0 == " " })
        }
    }

    /// Where the only action is called.
    func call() throws -> String { try #require(statements().first { $0.contains("controller.") }) }

    /// The declarations of a kind that stand in the file afterwards, each on one line.
    func declarations<Declaration: DeclSyntaxProtocol>(of kind: Declaration.Type) -> [String] {
        let finder = DeclarationFinder(kind)
        finder.walk(file)
        return finder.found
    }

    private func unquoted(_ literal: String) -> String {
        literal.hasPrefix("#\"") ? String(literal.dropFirst(2).dropLast(2)) : literal.filter { $0 != "\"" }
    }

    private func verbs(_ source: String) -> String {
        source == ".any" ? "ANY" : source.dropFirst(".only([".count).dropLast(2).filter { $0 != "." }.uppercased()
    }
}

private final class CallFinder: SyntaxVisitor {
    private let name: String
    private(set) var found: [[String: String]] = []

    init(_ name: String) {
        self.name = name
        super.init(viewMode: .sourceAccurate)
    }

    override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
        guard node.calledExpression.trimmedDescription == name else { return .visitChildren }
        var arguments: [String: String] = [:]
        for (index, argument) in node.arguments.enumerated() {
            arguments[argument.label?.text ?? "\(index)"] = argument.expression.trimmedDescription
        }
        found.append(arguments)
        return .visitChildren
    }
}

private final class DeclarationFinder<Declaration: DeclSyntaxProtocol>: SyntaxAnyVisitor {
    private(set) var found: [String] = []

    init(_ kind: Declaration.Type) { super.init(viewMode: .sourceAccurate) }

    override func visitAny(_ node: Syntax) -> SyntaxVisitorContinueKind {
        if let declaration = node.as(Declaration.self) {
            found.append(declaration.trimmedDescription.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
        return .visitChildren
    }
}
