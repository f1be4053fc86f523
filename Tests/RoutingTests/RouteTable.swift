import MartletRouting

/// A trie whose values are the templates that were inserted.
func table(_ templates: String...) throws -> RouteTrie<String> {
    var trie = RouteTrie<String>()
    for text in templates { trie.insert(try PathTemplate(text)) { $0 = text } }
    return trie
}

extension RouteTrie {
    func match(_ path: String) throws(PathDecodingError) -> RouteMatch<Value>? { try match(path) { $0 } }
}
