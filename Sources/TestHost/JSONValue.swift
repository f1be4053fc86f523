import MartletCore
import NIOCore

/// Any JSON.
indirect enum JSONValue: Decodable, Hashable {
    case null
    case bool(Bool)
    /// As it is best written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init?(_ text: String) {
        guard let value = try? JSON.standard.decode(JSONValue.self, from: ByteBuffer(string: text)) else { return nil }
        self = value
    }

    init(of value: some Encodable, _ json: JSON = .standard) throws {
        // In an array, because not everything can stand alone.
        self = try JSON.standard.decode([JSONValue].self, from: json.buffer(of: [value]))[0]
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .number("\(value)")
        } else if let value = try? container.decode(UInt64.self) {
            self = .number("\(value)")
        } else if let value = try? container.decode(Double.self) {
            self = .number("\(value)")
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// A text, a number or a boolean as a form's field has it; nil for the others.
    var field: String? {
        switch self {
        case .bool(let value): "\(value)"
        case .number(let text), .string(let text): text
        case .null, .array, .object: nil
        }
    }

    /// On one line for each value, keys in order.
    func text(indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .number(let text): return text
        case .string(let text): return (try? JSON.standard.text(of: text)) ?? text.debugDescription
        case .array(let values) where values.isEmpty: return "[]"
        case .array(let values):
            let lines = values.map { inner + $0.text(indentation: inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
        case .object(let members) where members.isEmpty: return "{}"
        case .object(let members):
            let lines = members.sorted { $0.key < $1.key }.map { name, value in
                "\(inner)\(JSONValue.string(name).text()): \(value.text(indentation: inner))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        }
    }
}

extension JSONValue: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .string(let text): try container.encode(text)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        case .number(let text):
            if let value = Int64(text) {
                try container.encode(value)
            } else if let value = UInt64(text) {
                try container.encode(value)
            } else {
                try container.encode(Double(text))
            }
        }
    }
}
