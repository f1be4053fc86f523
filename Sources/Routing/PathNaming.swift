/// How names in code become names in a path.
public enum PathNaming {
    /// `sendToUser` and `send_to_user` as `send-to-user`, `APIKeys` as `api-keys`, `userIDs` as `user-ids`.
    public static func kebabCase(_ name: String) -> String { words(of: name).joined(separator: "-") }

    /// `sendToUser` and `send-to-user` as `send_to_user`, `APIKeys` as `api_keys`.
    public static func snakeCase(_ name: String) -> String { words(of: name).joined(separator: "_") }

    /// A word begins after `_` or `-`, at a capital that follows no capital, and at the last capital of several
    /// when a small letter follows (`HTTPServer`), but for a plural's `s` (`userIDs`, `URLsOfBook`). A digit belongs to what
    /// stands before it.
    private static func words(of name: String) -> [String] {
        let characters = Array(name)
        var words: [String] = []
        var word = ""
        for (index, character) in characters.enumerated() {
            let isSeparator = character == "_" || character == "-"
            if isSeparator || (character.isUppercase && beginsWord(at: index, of: characters)) {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if !isSeparator { word += character.lowercased() }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// `index` is that of a capital.
    private static func beginsWord(at index: Int, of characters: [Character]) -> Bool {
        guard index > 0, characters[index - 1].isUppercase else { return true }
        guard index + 1 < characters.count, characters[index + 1].isLowercase else { return false }
        let isPlural =
            characters[index + 1] == "s" && (index + 2 == characters.count || !characters[index + 2].isLowercase)
        return !isPlural
    }
}
