import NIOCore

/// Named texts in the order they came: a query, or a form's text fields.
public struct FormFields: Sendable {
    /// The most fields that one query or form may have.
    static let maximumCount = 1000

    /// A named text.
    public struct Field: Sendable, Hashable {
        /// As it was sent, decoded.
        public let name: String
        /// As it was sent, decoded; empty where nothing was typed.
        public let value: String
    }
    /// All fields, decoded. A name may come more than once.
    public private(set) var fields: [Field] = []

    init() {}

    init(_ fields: [Field]) { self.fields = fields }

    /// The members of a JSON text, by their paths; a list of scalars is a field that is repeated.
    ///
    /// - Throws: `HTTPError` 400 for too many, or too deep.
    init(json text: ByteBuffer) throws {
        guard let tree = try? JSON.standard.decodeAsWritten(FieldTree.self, from: text) else {
            throw HTTPError.badRequest("The body is nested too deep.")
        }
        try append(tree, "")
    }

    private mutating func append(_ tree: FieldTree, _ name: String) throws {
        switch tree {
        case .null: break
        case .boolean(let value): try append(name, "\(value)")
        case .number(let text), .string(let text), .text(let text): try append(name, text)
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                switch element {
                case .array, .object: try append(element, "\(name)[\(index)]")
                case .null, .boolean, .number, .string, .text: try append(element, name)
                }
            }
        case .object(let members):
            for (member, tree) in members.sorted(by: { $0.key < $1.key }) { try append(tree, name.member(member)) }
        }
    }

    /// Parses `application/x-www-form-urlencoded` (WHATWG URL standard section 5.1), strictly.
    ///
    /// - Throws: `HTTPError` 400 for a malformed escape, text that is not UTF-8, or too many fields.
    init(urlEncoded text: String) throws {
        guard !text.isEmpty else { return }
        // One at a time: a body of nothing but fields would be a large array before the first is counted.
        var rest = text.utf8[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
            let pair = rest[..<end]
            rest = end == rest.endIndex ? rest[end...] : rest[rest.index(after: end)...]
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            try append(
                Self.decode(pair[..<(equals ?? pair.endIndex)]),
                Self.decode(equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...]))
        }
    }

    mutating func append(_ name: String, _ value: String) throws {
        guard fields.count < Self.maximumCount else {
            throw HTTPError.badRequest("There are more than \(Self.maximumCount) fields.")
        }
        fields.append(Field(name: name, value: value))
    }

    /// The first value of that name.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Every value of that name.
    public subscript(values name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    private static func decode(_ text: Substring.UTF8View) throws -> String {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next()?.hexDigitValue, let low = iterator.next()?.hexDigitValue else {
                    throw HTTPError.badRequest("A % in the query or form is not followed by two hexadecimal digits.")
                }
                bytes.append(high << 4 | low)
            default:
                bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw HTTPError.badRequest("The query or form is not UTF-8.")
        }
        return decoded
    }
}

extension UInt8 {
    fileprivate var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
