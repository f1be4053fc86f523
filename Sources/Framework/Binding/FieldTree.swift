/// The fields of a request as a tree: a form's texts, whose types only the reader knows, or JSON.
enum FieldTree {
    /// A larger JSON body is not made into a tree: its first error is told alone. Trying every type for every value is
    /// slow, and nobody's typing needs more.
    static let maximumBytes = 16 * 1024
    /// Nor is one that is deeper.
    private static let maximumDepth = 32

    case null
    case boolean(Bool)
    /// As digits, so that large integers keep them all; empty for a number beyond any type.
    case number(String)
    case string(String)
    /// A form's text: a string, or whatever scalar it reads as.
    case text(String)
    case array([FieldTree])
    case object([String: FieldTree])

    static func form(_ form: FormFields) -> FieldTree {
        var members: [String: [String]] = [:]
        var lists: Set<String> = []
        for field in form.fields {
            let isList = field.name.utf8.count > 2 && field.name.hasSuffix("[]")
            let name = isList ? String(field.name.dropLast(2)) : field.name
            if isList { lists.insert(name) }
            members[name, default: []].append(field.value)
        }
        return .object(
            members.reduce(into: [:]) { tree, member in
                let (name, texts) = member
                let isOne = texts.count == 1 && !lists.contains(name)
                tree[name] = isOne ? .text(texts[0]) : .array(texts.map(FieldTree.text))
            })
    }
}

extension FieldTree: Decodable {
    init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= Self.maximumDepth else { throw TooDeep() }
        if let container = try? decoder.container(keyedBy: FieldKey.self) {
            self = .object(
                try container.allKeys.reduce(into: [:]) {
                    $0[$1.stringValue] = try container.decode(FieldTree.self, forKey: $1)
                })
            return
        }
        if var container = try? decoder.unkeyedContainer() {
            var elements: [FieldTree] = []
            while !container.isAtEnd { elements.append(try container.decode(FieldTree.self)) }
            self = .array(elements)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .number("\(value)")
        } else if let value = try? container.decode(UInt64.self) {
            self = .number("\(value)")
        } else {
            self = .number((try? container.decode(Double.self)).map { "\($0)" } ?? "")
        }
    }

    private struct TooDeep: Error {}
}
