import SwiftSyntax
import SwiftSyntaxBuilder

/// A text as a string literal, or `nil`.
func source(of text: String?) -> String {
    text.map { StringLiteralExprSyntax(content: $0).description } ?? "nil"
}

/// Expressions as an array literal with a line for each.
func list(_ elements: [String]) -> String {
    elements.isEmpty ? "[]" : "[\n\(elements.joined(separator: ",\n"))\n]"
}

extension VerbSet {
    var source: String {
        switch self {
        case .any: ".any"
        case .only(let verbs): ".only([\(verbs.map { ".\($0)" }.joined(separator: ", "))])"
        }
    }
}

extension ActionParameterModel {
    var descriptor: String {
        var arguments = [MartletMacros.source(of: name), "(\(type)).self"]
        if let source { arguments.append("source: .\(source.baseName.lowercased())") }
        if let defaultValue { arguments.append("defaultValue: \(MartletMacros.source(of: defaultValue))") }
        return "MartletCore.ActionParameter(\(arguments.joined(separator: ", ")))"
    }
}
