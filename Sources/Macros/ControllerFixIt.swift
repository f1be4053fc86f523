import SwiftDiagnostics
import SwiftSyntax

/// The table of remedies, by what they are called in an editor.
enum ControllerFixIt: FixItMessage {
    case markNotAction
    case makePrivate
    case remove(String)
    case addParameter(String)
    case makeNonisolated
    case write(String)
    case nameVerb(String)

    var fixItID: MessageID { MessageID(domain: "Martlet", id: entry.id) }
    var message: String { entry.text }

    private var entry: (id: String, text: String) {
        switch self {
        case .markNotAction: ("mark-not-action", "mark it with '@NotAction'")
        case .makePrivate: ("make-private", "make it private")
        case .remove(let text): ("remove", "remove '\(text)'")
        case .addParameter(let text): ("add-parameter", "add a parameter '\(text)'")
        case .makeNonisolated: ("make-nonisolated", "make it nonisolated")
        case .write(let text): ("write", "write \(text)")
        case .nameVerb(let verb): ("name-verb", "mark it with '@\(verb)'")
        }
    }
}

extension FixIt {
    /// The two ways to say that a method is no action; both take the attributes away that route it.
    static func keepingFromRouting(_ function: FunctionDeclSyntax) -> [FixIt] {
        let routing = function.attributes.routing
        let marking: [Change] =
            if let first = routing.first {
                [.replaceStart(of: first, with: "@NotAction ")] + routing.dropFirst().map { .delete($0) }
            } else {
                [.insert("@NotAction ", before: function)]
            }
        let access = function.modifiers.first(.public, .package, .internal, .open)
        let hiding: Change =
            if let access {
                .replaceStart(of: access, with: "private ")
            } else {
                .insert(
                    "private ", before: function.modifiers.firstToken(viewMode: .sourceAccurate) ?? function.funcKeyword
                )
            }
        return [
            FixIt(message: ControllerFixIt.markNotAction, changes: marking),
            FixIt(message: ControllerFixIt.makePrivate, changes: routing.map { .delete($0) } + [hiding]),
        ]
    }

    /// The verbs that a method may have that changes something, the likeliest first, and GET, if that is meant.
    static func namingVerb(of function: FunctionDeclSyntax) -> [FixIt] {
        let takesAway = ["delete", "remove", "destroy", "drop", "erase", "clear", "purge", "revoke", "cancel"]
        let isTaking = takesAway.contains { function.name.unquotedText.lowercased().hasPrefix($0) }
        return (isTaking ? ["DELETE", "POST", "GET"] : ["POST", "PUT", "PATCH", "GET"]).map { verb in
            FixIt(message: ControllerFixIt.nameVerb(verb), changes: [.insert("@\(verb) ", before: function)])
        }
    }

    static func removing(_ attribute: AttributeSyntax) -> FixIt {
        FixIt(message: ControllerFixIt.remove("@\(attribute.baseName)"), changes: [.delete(attribute)])
    }

    static func removing(_ modifier: DeclModifierSyntax) -> FixIt {
        FixIt(message: ControllerFixIt.remove(modifier.name.text), changes: [.delete(modifier)])
    }

    /// Puts a well-formed path in the place of a literal; empty where there is no literal, or nothing to guess.
    static func correcting(_ path: String, at node: some SyntaxProtocol) -> [FixIt] {
        guard let literal = node.as(StringLiteralExprSyntax.self), let correct = PathCorrection.template(for: path)
        else { return [] }
        let text = source(of: correct)
        return [FixIt(message: ControllerFixIt.write(text), changes: [.replace(literal, with: text)])]
    }

    static func addingParameter(_ name: String, to function: FunctionDeclSyntax) -> FixIt {
        let clause = function.signature.parameterClause
        let parameter = "\(name): String"
        return FixIt(
            message: ControllerFixIt.addParameter(parameter),
            changes: [.insert(clause.parameters.isEmpty ? parameter : "\(parameter), ", after: clause.leftParen)])
    }

    /// Takes the initializer's own actor away; where the type is on one too, that takes a word more.
    static func makingNonisolated(_ initializer: InitializerDeclSyntax, of type: some DeclGroupSyntax) -> FixIt {
        var changes: [Change] = initializer.attributes.globalActors.map { .delete($0) }
        if type.isOnGlobalActor {
            let first = initializer.modifiers.firstToken(viewMode: .sourceAccurate) ?? initializer.initKeyword
            changes.append(.insert("nonisolated ", before: first))
        }
        return FixIt(message: ControllerFixIt.makeNonisolated, changes: changes)
    }
}

extension FixIt.Change {
    fileprivate static func insert(_ text: String, before node: some SyntaxProtocol) -> Self {
        let place = node.positionAfterSkippingLeadingTrivia
        return .replaceText(range: place..<place, with: text, in: Syntax(node))
    }

    fileprivate static func insert(_ text: String, after node: some SyntaxProtocol) -> Self {
        let place = node.endPositionBeforeTrailingTrivia
        return .replaceText(range: place..<place, with: text, in: Syntax(node))
    }

    fileprivate static func replace(_ node: some SyntaxProtocol, with text: String) -> Self {
        let range = node.positionAfterSkippingLeadingTrivia..<node.endPositionBeforeTrailingTrivia
        return .replaceText(range: range, with: text, in: Syntax(node))
    }

    fileprivate static func delete(_ node: some SyntaxProtocol) -> Self { replaceStart(of: node, with: "") }

    /// Replaces a node and the white space up to what follows it.
    fileprivate static func replaceStart(of node: some SyntaxProtocol, with text: String) -> Self {
        let next = node.lastToken(viewMode: .sourceAccurate)?.nextToken(viewMode: .sourceAccurate)
        let end = next?.positionAfterSkippingLeadingTrivia ?? node.endPosition
        return .replaceText(range: node.positionAfterSkippingLeadingTrivia..<end, with: text, in: Syntax(node))
    }
}
