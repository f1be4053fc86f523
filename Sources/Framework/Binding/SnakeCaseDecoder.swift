#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value out of JSON whose members have their names in snake case.
///
/// Foundation's own strategy turns the names on the wire into those of properties, which cannot tell `userID` from
/// `userId`, and its errors have names that the client never sent. Here the property's name is turned into the wire's.
struct SnakeCased<Value: Decodable>: Decodable {
    let value: Value
    init(from decoder: any Decoder) throws { value = try SnakeCaseDecoder(base: decoder).value(Value.self) }
}

private struct SnakeCaseDecoder: Decoder {
    let base: any Decoder
    /// True inside a dictionary.
    var keepsKeys = false
    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if isWhole(type) { return try base.singleValueContainer().decode(type) }
        return try Value(from: SnakeCaseDecoder(base: base, keepsKeys: type is any TextKeyed.Type))
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(
            SnakeCaseKeyed<Key>(base: try base.container(keyedBy: FieldKey.self), keepsKeys: keepsKeys))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        SnakeCaseUnkeyed(base: try base.unkeyedContainer())
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        SnakeCaseSingle(base: try base.singleValueContainer())
    }
}

/// True for what Foundation has to read itself, and what has no members.
private func isWhole(_ type: any Decodable.Type) -> Bool {
    type is any FieldConvertible.Type || type == Data.self || type == Decimal.self
}

private struct SnakeCaseKeyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let base: KeyedDecodingContainer<FieldKey>
    let keepsKeys: Bool
    var codingPath: [any CodingKey] { base.codingPath }
    var allKeys: [Key] {
        base.allKeys.compactMap {
            keepsKeys ? Key(stringValue: $0.stringValue) : SnakeCase.key(named: $0.stringValue)
        }
    }

    private func wire(_ key: some CodingKey) -> FieldKey {
        FieldKey(keepsKeys ? key.stringValue : SnakeCase.name(of: key.stringValue))
    }

    func contains(_ key: Key) -> Bool { base.contains(wire(key)) }
    func decodeNil(forKey key: Key) throws -> Bool { try base.decodeNil(forKey: wire(key)) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if isWhole(type) { return try base.decode(type, forKey: wire(key)) }
        return try base.decode(SnakeCased<Value>.self, forKey: wire(key)).value
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        KeyedDecodingContainer(
            SnakeCaseKeyed<NestedKey>(
                base: try base.nestedContainer(keyedBy: FieldKey.self, forKey: wire(key)), keepsKeys: false))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        SnakeCaseUnkeyed(base: try base.nestedUnkeyedContainer(forKey: wire(key)))
    }

    func superDecoder() throws -> any Decoder { SnakeCaseDecoder(base: try base.superDecoder()) }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        SnakeCaseDecoder(base: try base.superDecoder(forKey: wire(key)))
    }
}

private struct SnakeCaseUnkeyed: UnkeyedDecodingContainer {
    var base: any UnkeyedDecodingContainer
    var codingPath: [any CodingKey] { base.codingPath }
    var count: Int? { base.count }
    var isAtEnd: Bool { base.isAtEnd }
    var currentIndex: Int { base.currentIndex }

    mutating func decodeNil() throws -> Bool { try base.decodeNil() }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if isWhole(type) { return try base.decode(type) }
        return try base.decode(SnakeCased<Value>.self).value
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(
            SnakeCaseKeyed<Key>(base: try base.nestedContainer(keyedBy: FieldKey.self), keepsKeys: false))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        SnakeCaseUnkeyed(base: try base.nestedUnkeyedContainer())
    }

    mutating func superDecoder() throws -> any Decoder { SnakeCaseDecoder(base: try base.superDecoder()) }
}

private struct SnakeCaseSingle: SingleValueDecodingContainer {
    let base: any SingleValueDecodingContainer
    var codingPath: [any CodingKey] { base.codingPath }

    func decodeNil() -> Bool { base.decodeNil() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if isWhole(type) { return try base.decode(type) }
        return try base.decode(SnakeCased<Value>.self).value
    }
}
