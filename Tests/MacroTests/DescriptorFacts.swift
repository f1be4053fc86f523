import SwiftSyntax
import Testing

/// The arguments of the calls in an expansion, as text without white space at the ends.
extension Expansion {
    /// The arguments of each call of an initializer, by label; those without a label by their place.
    func calls(of name: String) -> [[String: String]] {
        let finder = CallFinder(name)
        finder.walk(file)
        return finder.found
    }

    var actions: [[String: String]] { calls(of: "MartletCore.ActionDescriptor") }

    /// The verbs and path of each action: `".only([.get]) /chat"`.
    var routes: [String] {
        actions.map { "\($0["verbs", default: ""]) \($0["path", default: ""].filter { $0 != "\"" })" }
    }

    /// The only action's statements, one a line, without indentation.
    func statements() throws -> [String] {
        try #require(actions.first?["bind"]).split(separator: "\n").map { line in
            String(line.drop { $0 == " " })
        }
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
