/// The containers of `FieldDecoder`: each finds its part of the tree and lets the decoder read it.

struct FieldKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: FieldDecoder
    let members: [String: FieldTree]
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { members.keys.compactMap { isWritten ? Key(stringValue: $0) : SnakeCase.key(named: $0) } }

    private var isWritten: Bool { decoder.keepsKeys || decoder.json.keys == .asWritten }

    /// The name on the wire.
    private func wire(_ key: Key) -> FieldKey {
        FieldKey(isWritten ? key.stringValue : SnakeCase.name(of: key.stringValue))
    }

    private func member(_ key: Key) -> FieldTree? { members[wire(key).stringValue] }

    func contains(_ key: Key) -> Bool { member(key) != nil }

    func decodeNil(forKey key: Key) -> Bool {
        switch member(key) {
        // An input of a form that was left blank is no value but a text.
        case nil, .null?, .text("")?: true
        default: false
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        guard let member = member(key) else {
            let absent = decoder.child(.null, wire(key))
            if let value = try? FieldDecoder.decode(type, from: .null, decoder.json) { return value }
            absent.note("is required")
            // Whatever stands there, so that the members behind it are read as well.
            return try absent.unnoted(.null).value(type)
        }
        return try decoder.child(member, wire(key)).value(type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        switch member(key) {
        case nil, .null?: nil
        case .text("")? where type != String.self: nil
        case let member?: try decoder.child(member, wire(key)).value(type)
        }
    }

    /// The protocol has one of its own for each scalar, which asks `decodeNil`.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        switch member(key) {
        case nil, .null?: nil
        case let member?: try decoder.child(member, wire(key)).value(type)
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { try superDecoder(forKey: key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder.child(members["super"] ?? .null, FieldKey("super")) }

    func superDecoder(forKey key: Key) throws -> any Decoder { decoder.child(member(key) ?? .null, wire(key)) }
}

struct FieldUnkeyedContainer: UnkeyedDecodingContainer {
    let decoder: FieldDecoder
    let elements: [FieldTree]
    var currentIndex = 0
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    private struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { "\(intValue ?? 0)" }
        init(intValue: Int) { self.intValue = intValue }
        init?(stringValue: String) { nil }
    }

    private mutating func next() throws -> FieldDecoder {
        guard !isAtEnd else {
            decoder.note("has too few elements")
            throw FieldDecoder.Noted()
        }
        defer { currentIndex += 1 }
        return decoder.child(elements[currentIndex], Index(intValue: currentIndex))
    }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex] else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().value(type) }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }
}

struct FieldSingleContainer: SingleValueDecodingContainer {
    let decoder: FieldDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { if case .null = decoder.tree { true } else { false } }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
}
