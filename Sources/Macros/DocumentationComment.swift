import SwiftSyntax

extension SyntaxProtocol {
    /// The text of the doc comment above the declaration, without its marks; nil where there is none.
    var documentationText: String? {
        let lines = leadingTrivia.pieces.flatMap { piece -> [String] in
            switch piece {
            case .docLineComment(let text): [unmarked(text.dropFirst(3))]
            case .docBlockComment(let text):
                text.dropFirst(3).dropLast(2).split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    let content = line.drop { $0 == " " || $0 == "\t" }
                    return unmarked(content.first == "*" ? content.dropFirst() : content)
                }
            default: []
            }
        }
        let isBlank: (String) -> Bool = { $0.allSatisfy(\.isWhitespace) }
        guard let first = lines.firstIndex(where: { !isBlank($0) }), let last = lines.lastIndex(where: { !isBlank($0) })
        else { return nil }
        return lines[first...last].joined(separator: "\n")
    }

    /// A line without the space that follows its mark, nor the spaces at its end.
    private func unmarked(_ line: Substring) -> String {
        var line = line.first == " " ? line.dropFirst() : line
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line)
    }
}
