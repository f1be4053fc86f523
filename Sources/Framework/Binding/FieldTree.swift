/// The fields of a request as a tree: a form's texts, whose types only the reader knows, or JSON.
enum FieldTree {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    /// A form's text: a string, or whatever scalar it reads as.
    case text(String)
    case array([FieldTree])
    case object([String: FieldTree])

    static func form(_ form: FormFields) -> FieldTree {
        var members: [String: [String]] = [:]
        for (name, value) in form.fields { members[name, default: []].append(value) }
        return .object(members.mapValues { $0.count == 1 ? .text($0[0]) : .array($0.map(FieldTree.text)) })
    }
}

extension FieldTree: Decodable {
    init(from decoder: any Decoder) throws {
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
        } else {
            self = .number(try container.decode(Double.self))
        }
    }
}
