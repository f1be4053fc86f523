#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Decodes a struct from a tree of fields and, where it cannot, goes on to find everything else that is wrong.
///
/// A scalar that is absent or does not read is noted, and stands as a placeholder until the decoding is over; no value
/// made with a placeholder leaves `decode`.
struct FieldDecoder: Decoder {
    final class Findings {
        var errors = FieldErrors()
    }

    let tree: FieldTree
    let codingPath: [any CodingKey]
    let findings: Findings
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from tree: FieldTree
    ) throws(FieldDecodingFailure) -> Value {
        let decoder = FieldDecoder(tree: tree, codingPath: [], findings: Findings())
        let value: Value?
        do {
            value = try decoder.value(type)
        } catch {
            if decoder.findings.errors.isEmpty { decoder.note(error) }
            throw FieldDecodingFailure(errors: decoder.findings.errors)
        }
        guard let value, decoder.findings.errors.isEmpty else {
            throw FieldDecodingFailure(errors: decoder.findings.errors)
        }
        return value
    }

    /// The value of this place in the tree, or, for a scalar that does not read, its placeholder.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let scalar = type as? any FieldConvertible.Type {
            let result = scalar.read(tree) as? Value
            if let result { return result }
            note("must be \(scalar.expectation)")
            if let placeholder = scalar.placeholder as? Value { return placeholder }
            throw Noted()
        }
        do {
            return try Value(from: self)
        } catch let error as DecodingError {
            note(error)
            throw Noted()
        }
    }

    /// Thrown where something was noted and no placeholder exists.
    struct Noted: Error {}

    func note(_ message: String) { findings.errors.add(codingPath.fieldName, message) }

    func note(_ error: any Error) {
        guard !(error is Noted) else { return }
        guard let error = error as? DecodingError else { return note("is not valid") }
        for (field, messages) in error.fieldErrors.messages {
            for message in messages { findings.errors.add(field, message) }
        }
    }

    func child(_ tree: FieldTree, _ key: any CodingKey) -> FieldDecoder {
        FieldDecoder(tree: tree, codingPath: codingPath + [key], findings: findings)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = tree else {
            note("must be an object")
            throw Noted()
        }
        return KeyedDecodingContainer(FieldKeyedContainer(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        switch tree {
        case .array(let elements):
            return FieldUnkeyedContainer(decoder: self, elements: elements)
        case .text:
            // A field repeated once.
            return FieldUnkeyedContainer(decoder: self, elements: [tree])
        default:
            note("must be an array")
            throw Noted()
        }
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { FieldSingleContainer(decoder: self) }
}

extension FieldConvertible {
    fileprivate static func read(_ tree: FieldTree) -> Self? {
        switch tree {
        case .text(let text):
            Self(field: text)
        case .string(let text):
            self is String.Type || self is UUID.Type || self is Date.Type || self is URL.Type ? Self(field: text) : nil
        case .boolean(let value):
            value as? Self
        case .number(let number):
            self is String.Type || self is Bool.Type ? nil : Self(field: number)
        case .null, .array, .object:
            nil
        }
    }

    fileprivate static var placeholder: Self? { Self(field: self is Bool.Type ? "false" : "0") }
}
