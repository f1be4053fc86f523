import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxMacroExpansion

@testable import MartletMacros

/// A source file with all macros of the framework expanded.
struct Expansion {
    /// The file as the compiler sees it afterwards.
    let file: Syntax
    let findings: [Finding]

    var text: String { file.description }

    /// - Parameter source: a file that is compiled as `ExampleApp/ChatController.swift`.
    init(_ source: String) {
        let original = Parser.parse(source: source)
        let context = BasicMacroExpansionContext(
            sourceFiles: [original: .init(moduleName: "ExampleApp", fullFilePath: "/src/ChatController.swift")])
        file = original.expand(
            macroSpecs: Self.macros,
            contextGenerator: { node in
                BasicMacroExpansionContext(sharingWith: context, lexicalContext: node.allMacroLexicalContexts())
            },
            indentationWidth: .spaces(4))
        findings = context.diagnostics.map { Finding($0, in: source, context) }
    }

    private static let macros: [String: MacroSpec] = {
        let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"]
        var macros = Dictionary(uniqueKeysWithValues: verbs.map { ($0, MacroSpec(type: RouteMacro.self)) })
        macros["Controller"] = MacroSpec(type: ControllerMacro.self, conformances: ["MartletCore.Controller"])
        macros["Actions"] = MacroSpec(type: ActionsMacro.self)
        macros["NotAction"] = MacroSpec(type: NotActionMacro.self)
        macros["Blocking"] = MacroSpec(type: BlockingMacro.self)
        macros["Use"] = MacroSpec(type: AttributeMacro.self)
        macros["Mark"] = MacroSpec(type: AttributeMacro.self)
        macros["Authorize"] = MacroSpec(type: AttributeMacro.self)
        macros["AllowAnonymous"] = MacroSpec(type: AttributeMacro.self)
        macros["Injectable"] = MacroSpec(type: InjectableMacro.self, conformances: ["MartletCore.Injectable"])
        return macros
    }()
}

/// Something that a macro said about the source.
struct Finding: Equatable {
    let id: MessageID
    let message: String
    /// Counted from 1, in bytes.
    let line: Int
    let column: Int
    var notes: [String] = []
    var remedies: [Remedy] = []

    /// A fix-it, and the whole source once it is applied.
    struct Remedy: Equatable {
        let message: String
        let fixed: String
    }

    init(_ diagnostic: Diagnostic, in source: String, _ context: BasicMacroExpansionContext) {
        let place = context.location(for: diagnostic.position, anchoredAt: diagnostic.node, fileName: "")
        id = diagnostic.diagMessage.diagnosticID
        message = diagnostic.message
        line = place.line
        column = place.column
        notes = diagnostic.notes.map(\.message)
        remedies = diagnostic.fixIts.map { fixIt in
            Remedy(message: fixIt.message.message, fixed: Self.applying(fixIt, to: source, context))
        }
    }

    /// All remedies here are edits of text; the last goes first, so that the others keep their places.
    private static func applying(_ fixIt: FixIt, to source: String, _ context: BasicMacroExpansionContext) -> String {
        let edits = fixIt.changes.compactMap { change -> (range: Range<Int>, text: String)? in
            guard case .replaceText(let range, let text, let node) = change else { return nil }
            let start = context.location(for: range.lowerBound, anchoredAt: node, fileName: "").offset
            let end = context.location(for: range.upperBound, anchoredAt: node, fileName: "").offset
            return (start..<end, text)
        }
        var bytes = Array(source.utf8)
        for edit in edits.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) > ($1.range.lowerBound, $1.range.upperBound)
        }) {
            bytes.replaceSubrange(edit.range, with: edit.text.utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
