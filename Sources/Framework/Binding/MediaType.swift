/// A `Content-Type` (RFC 9110 section 8.3): the type in lower case, and its parameters.
struct MediaType {
    let essence: String
    private let parameters: [(name: String, value: String)]

    init(_ text: String) {
        var pieces = MediaType.split(text)
        essence = pieces.isEmpty ? "" : pieces.removeFirst().lowercased()
        parameters = pieces.compactMap { piece in
            guard let equals = piece.firstIndex(of: "=") else { return nil }
            let value = piece[piece.index(after: equals)...]
            return (MediaType.trim(piece[..<equals]).lowercased(), MediaType.unquote(MediaType.trim(value)))
        }
    }

    subscript(parameter: String) -> String? { parameters.first { $0.name == parameter }?.value }

    /// Splits at semicolons outside quoted strings.
    private static func split(_ text: String) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "\"" {
                isQuoted.toggle()
            } else if text[index] == ";", !isQuoted {
                pieces.append(trim(text[start..<index]))
                start = text.index(after: index)
            }
        }
        pieces.append(trim(text[start...]))
        return pieces
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    private static func unquote(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        var value = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if !isEscaped, character == "\\" {
                isEscaped = true
            } else {
                value.append(character)
                isEscaped = false
            }
        }
        return value
    }
}
