import MartletRouting

/// What the author of a malformed path most likely meant.
enum PathCorrection {
    /// The template with its braces closed and its empty segments left out; nil where that makes no template of it.
    static func template(for text: String) -> String? {
        let corrected = (text.first == "/" ? "/" : "") + text.split(separator: "/").map(closed).joined(separator: "/")
        return corrected != text && (try? PathTemplate(corrected)) != nil ? corrected : nil
    }

    private static func closed(_ segment: Substring) -> String {
        guard segment.first == "{" || segment.last == "}" else { return String(segment) }
        var name = segment
        while let first = name.first, first == "{" || first.isWhitespace { name.removeFirst() }
        while let last = name.last, last == "}" || last.isWhitespace { name.removeLast() }
        return "{\(name)}"
    }
}
