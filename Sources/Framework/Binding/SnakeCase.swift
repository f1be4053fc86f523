import MartletRouting

/// The names of members in JSON whose words are joined by `_`.
enum SnakeCase {
    /// `firstName` and `APIKey` as `first_name` and `api_key`. Underscores around a name stay, and what has another
    /// character than letters, digits and `_` is no name in code: it stays as it is.
    static func name(of key: String) -> String {
        // Most names are one word.
        guard key.utf8.contains(where: { $0 >= 0x80 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }),
            key.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return key }
        let start = key.prefix { $0 == "_" }
        let end = String(key.dropFirst(start.count).reversed().prefix { $0 == "_" })
        return start + PathNaming.snakeCase(String(key.dropFirst(start.count).dropLast(end.count))) + end
    }

    /// The key that has this name, for types that look at what members there are; nil where none has.
    static func key<Key: CodingKey>(named name: String) -> Key? {
        for candidate in [camelCase(name), name] {
            if let key = Key(stringValue: candidate), self.name(of: key.stringValue) == name { return key }
        }
        return nil
    }

    private static func camelCase(_ name: String) -> String {
        let start = name.prefix { $0 == "_" }
        let words = name.dropFirst(start.count).split(separator: "_", omittingEmptySubsequences: false)
        return start + (words.first ?? "")
            + words.dropFirst().map { $0.isEmpty ? "_" : $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// A dictionary whose keys are data and not names.
protocol TextKeyed {}
extension Dictionary: TextKeyed where Key == String {}
