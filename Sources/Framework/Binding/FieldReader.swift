/// How a value of one Swift type is made from a request's texts or from a member of its JSON body.
///
/// Made once for each parameter at start-up, where the type's conformances are looked up; used on every request.
struct FieldReader<Value>: Sendable {
    enum Outcome {
        case value(Value)
        case invalid(String)
    }

    /// From the texts given under the field's name, one or more.
    let fromTexts: @Sendable ([String]) -> Outcome
    /// From a member that is present in a JSON object.
    let fromJSON: @Sendable (KeyedDecodingContainer<FieldKey>, FieldKey) throws -> Value
    /// True where each of several texts is a value.
    var takesSeveral = false
    /// What stands for an absent field, nil where the field is required.
    var whenAbsent: (@Sendable () -> Value)?

    /// nil for a type that is no field: a struct to be decoded whole, or a service.
    static func make(for type: Value.Type) -> FieldReader<Value>? {
        let reader: Any? =
            switch type {
            case let scalar as any FieldConvertible.Type: scalar.scalarReader()
            case let wrapper as any FieldWrapping.Type: wrapper.wrappingReader()
            case let raw as any RawRepresentable.Type: rawRepresentableReader(raw.carried)
            default: nil
            }
        return reader as? FieldReader<Value>
    }

    fileprivate static func single(_ texts: [String], _ read: (String) -> Outcome) -> Outcome {
        texts.count == 1 ? read(texts[0]) : .invalid("is given \(texts.count) times")
    }
}

extension FieldConvertible {
    fileprivate static func scalarReader() -> Any {
        FieldReader<Self>(
            fromTexts: { texts in
                FieldReader.single(texts) { text in
                    Self(field: text).map { .value($0) } ?? .invalid("must be \(Self.expectation(of: text))")
                }
            },
            fromJSON: { container, key in
                do {
                    return try container.decode(Self.self, forKey: key)
                } catch let error as DecodingError {
                    throw error
                } catch {
                    // A number that is too large, or a fraction for an integer.
                    throw DecodingError.dataCorruptedError(
                        forKey: key, in: container, debugDescription: "must be \(Self.expectation)")
                }
            })
    }
}

/// Optional, Array and Set: fields made of other fields.
private protocol FieldWrapping {
    static func wrappingReader() -> Any?
}

extension Optional: FieldWrapping {
    /// Absent, JSON's null, and an empty text where that is no value (an input of a form left blank) are nil.
    fileprivate static func wrappingReader() -> Any? {
        guard let wrapped = FieldReader<Wrapped>.make(for: Wrapped.self) else { return nil }
        return FieldReader<Wrapped?>(
            fromTexts: { texts in
                switch wrapped.fromTexts(texts) {
                case .value(let value): .value(value)
                case .invalid where texts.allSatisfy(\.isEmpty): .value(nil)
                case .invalid(let message): .invalid(message)
                }
            },
            fromJSON: { try $0.decodeNil(forKey: $1) ? nil : wrapped.fromJSON($0, $1) },
            takesSeveral: wrapped.takesSeveral, whenAbsent: { nil })
    }
}

extension Set: FieldWrapping {
    fileprivate static func wrappingReader() -> Any? { setReader(Element.carried) }
}

/// As an array, of which each value counts once.
private func setReader<Element: CarriedHashable>(_: Element.Type) -> Any? {
    guard let elements = FieldReader<[Element]>.make(for: [Element].self) else { return nil }
    return FieldReader<Set<Element>>(
        fromTexts: { texts in
            switch elements.fromTexts(texts) {
            case .value(let values): .value(Set(values))
            case .invalid(let message): .invalid(message)
            }
        },
        fromJSON: { Set(try elements.fromJSON($0, $1)) }, takesSeveral: true, whenAbsent: { [] })
}

extension Array: FieldWrapping {
    /// A field repeated, or a JSON array; none is the empty array.
    fileprivate static func wrappingReader() -> Any? {
        guard let element = FieldReader<Element>.make(for: Element.self) else { return nil }
        return FieldReader<[Element]>(
            fromTexts: { texts in
                var values: [Element] = []
                for text in texts {
                    switch element.fromTexts([text]) {
                    case .value(let value): values.append(value)
                    case .invalid where text.isEmpty: continue
                    case .invalid(let message): return .invalid("each \(message)")
                    }
                }
                return .value(values)
            },
            fromJSON: { container, key in
                if let type = [Element].self as? any Decodable.Type { return try Self.decode(type, container, key) }
                return try Self.read(element, container, key)
            },
            takesSeveral: true, whenAbsent: { [] })
    }

    /// Enums that are not Codable themselves: by way of their raw values.
    private static func read(
        _ element: FieldReader<Element>, _ container: KeyedDecodingContainer<FieldKey>, _ key: FieldKey
    ) throws -> [Element] {
        try container.decode([FieldTree].self, forKey: key).map { tree in
            var failure = "is not valid"
            switch tree {
            case .string(let text), .number(let text):
                switch element.fromTexts([text]) {
                case .value(let value): return value
                case .invalid(let message): failure = message
                }
            case .null, .boolean, .text, .array, .object:
                break
            }
            throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: failure)
        }
    }

    private static func decode<D: Decodable>(
        _: D.Type, _ container: KeyedDecodingContainer<FieldKey>, _ key: FieldKey
    ) throws -> [Element] {
        try container.decode(D.self, forKey: key) as? [Element] ?? []
    }
}

/// An enum with raw values, such as `enum Color: String`.
private func rawRepresentableReader<R: RawRepresentable & SendableMetatype>(_: R.Type) -> Any? {
    func open<Raw: FieldConvertible>(_: Raw.Type) -> Any {
        let problem = rawValueProblem(R.self)
        let convert: @Sendable (Raw) -> R? = { raw in (raw as? R.RawValue).flatMap(R.init(rawValue:)) }
        return FieldReader<R>(
            fromTexts: { texts in
                FieldReader.single(texts) { text in
                    Raw(field: text).flatMap(convert).map { .value($0) } ?? .invalid(problem)
                }
            },
            fromJSON: { container, key in
                guard let value = convert(try container.decode(Raw.self, forKey: key)) else {
                    throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: problem)
                }
                return value
            })
    }
    guard let raw = R.RawValue.self as? any FieldConvertible.Type else { return nil }
    return open(raw)
}

/// What is said of a value that an enum does not have: its cases, where they can be listed.
func rawValueProblem(_ type: any RawRepresentable.Type) -> String {
    guard let cases = type as? any CaseIterable.Type else { return "is not one of the values that are allowed here" }
    return "must be one of: " + rawValues(cases).joined(separator: ", ")
}

private func rawValues<C: CaseIterable>(_: C.Type) -> [String] {
    C.allCases.compactMap { ($0 as? any RawRepresentable).map { "\($0.rawValue)" } }
}
