import NIOCore

/// How a `Decodable` struct is made from a whole query, form or JSON body, with everything that is wrong with it.
struct DecodableReader<Value>: Sendable {
    let fromForm: @Sendable (FormFields) throws(FieldDecodingFailure) -> Value
    let fromJSON: @Sendable (ByteBuffer, JSON) throws -> Value
    /// From a member of the object that is the whole of the buffer.
    let fromMember: @Sendable (KeyedDecodingContainer<FieldKey>, FieldKey, ByteBuffer, JSON) throws -> Value
    let isOptional: Bool
    /// The rules of what is inside; nil where there are none.
    let plan: ValidationPlan?

    /// What stands for an absent struct; nil where it is required.
    func whenAbsent(_ defaultValue: (@Sendable () -> Value)?) -> Value? {
        if let defaultValue { return defaultValue() }
        return isOptional ? try? fromJSON(ByteBuffer(string: "null"), .standard) : nil
    }

    /// nil for a type that is not `Decodable`.
    ///
    /// - Throws: `StartupError` for rules that cannot be told under a name.
    static func make(for type: Value.Type) throws(StartupError) -> DecodableReader<Value>? {
        guard let decodable = type as? any Decodable.Type else { return nil }
        let plan = try ValidationPlan.make(for: type)
        return decodable.carried.decodableReader(plan) as? DecodableReader<Value>
    }
}

/// Everything that is wrong with a struct's fields.
struct FieldDecodingFailure: Error {
    let errors: FieldErrors
    /// What rules of the fields that could be read have yet to ask somebody.
    var questions: [Validation.Question] = []
}

extension Decodable where Self: SendableMetatype {
    fileprivate static func decodableReader(_ plan: ValidationPlan?) -> Any {
        DecodableReader<Self>(
            fromForm: { form throws(FieldDecodingFailure) in
                try FieldDecoder.decode(Self.self, from: .form(form), JSONSettings(), plan)
            },
            fromJSON: { try decodeJSON($0, $1, plan) },
            fromMember: { try decodeMember($0, $1, of: $2, $3, plan) },
            isOptional: Self.self is any ExpressibleByNilLiteral.Type, plan: plan)
    }

    /// Foundation's decoder stops at the first error; when it does, a second pass finds the others.
    private static func decodeJSON(_ buffer: ByteBuffer, _ json: JSON, _ plan: ValidationPlan?) throws -> Self {
        do {
            return try json.decode(Self.self, from: buffer)
        } catch let error as DecodingError {
            if buffer.readableBytes <= FieldTree.maximumBytes,
                let tree = try? json.decodeAsWritten(FieldTree.self, from: buffer)
            {
                try findAll(in: tree, json, plan)
            }
            throw FieldDecodingFailure(errors: error.fieldErrors)
        }
    }

    private static func decodeMember(
        _ container: KeyedDecodingContainer<FieldKey>, _ key: FieldKey, of buffer: ByteBuffer,
        _ json: JSON, _ plan: ValidationPlan?
    ) throws -> Self {
        do {
            return try json.decode(Self.self, from: container, key)
        } catch {
            if buffer.readableBytes <= FieldTree.maximumBytes,
                let tree = try? container.decode(FieldTree.self, forKey: key)
            {
                try findAll(in: tree, json, plan)
            }
            throw error
        }
    }

    private static func findAll(
        in tree: FieldTree, _ json: JSON, _ plan: ValidationPlan?
    ) throws(FieldDecodingFailure) {
        _ = try FieldDecoder.decode(Self.self, from: tree, json.settings, plan)
    }
}

extension DecodingError {
    /// The error as one line for its field; the field is "" for the whole body.
    var fieldErrors: FieldErrors {
        var errors = FieldErrors()
        switch self {
        case .keyNotFound(let key, let context):
            errors.add((context.codingPath + [key]).fieldName, "is required")
        case .valueNotFound(let type, let context):
            errors.add(context.codingPath.fieldName, "must be \(expectation(of: type))")
        case .typeMismatch(let type, let context):
            errors.add(context.codingPath.fieldName, "must be \(expectation(of: type))")
        case .dataCorrupted(let context):
            let isOurs =
                context.debugDescription.hasPrefix("must be") || context.debugDescription.hasPrefix("is not one")
            errors.add(context.codingPath.fieldName, isOurs ? context.debugDescription : "is not valid")
        @unknown default:
            errors.add("", "is not valid")
        }
        return errors
    }
}

/// What a value of that type looks like on the wire.
func expectation(of type: Any.Type) -> String {
    switch type {
    case let scalar as any FieldConvertible.Type: scalar.expectation
    case is [String: Any].Type: "an object"
    case is [Any].Type: "an array"
    default: "an object"
    }
}

extension [any CodingKey] {
    /// `address.city`, `items[2].name`
    var fieldName: String {
        reduce(into: "") { name, key in
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
