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
    /// What the tree was written by.
    let json: JSONSettings
    /// True inside a dictionary, whose keys are no names.
    var keepsKeys = false
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// - Parameter plan: the rules of what could be read, for when something could not.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from tree: FieldTree, _ json: JSONSettings = JSONSettings(), _ plan: ValidationPlan? = nil
    ) throws(FieldDecodingFailure) -> Value {
        let decoder = FieldDecoder(tree: tree, codingPath: [], findings: Findings(), json: json)
        let value: Value?
        do {
            value = try decoder.value(type)
        } catch {
            if decoder.findings.errors.isEmpty { decoder.note(error) }
            throw FieldDecodingFailure(errors: decoder.findings.errors)
        }
        var errors = decoder.findings.errors
        guard let plan, let value, !errors.isEmpty else {
            guard let value, errors.isEmpty else { throw FieldDecodingFailure(errors: errors) }
            return value
        }
        var validation = Validation(unread: errors)
        plan.check(value, &validation)
        errors.add(validation.errors)
        throw FieldDecodingFailure(errors: errors, questions: validation.questions)
    }

    /// The value of this place in the tree, or, for a scalar that does not read, its placeholder.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let scalar = type as? any FieldConvertible.Type {
            let result = scalar.read(tree, json) as? Value
            if let result { return result }
            // HTML forms send what was left empty.
            if case .text("") = tree {
                note("is required")
            } else {
                note("must be \(tree.expectation(of: scalar, json))")
            }
            return try placeholder(type)
        }
        do {
            let dropsBlanks = (type as? any FieldList.Type)?.dropsBlanks ?? false
            return try Value(
                from: FieldDecoder(
                    tree: dropsBlanks ? tree.withoutBlanks : tree, codingPath: codingPath, findings: findings,
                    json: json,
                    keepsKeys: type is any TextKeyed.Type))
        } catch let error as DecodingError {
            // An enum that does not have the value says so itself, and does not say which it has.
            if case .dataCorrupted = error, let type = type as? any RawRepresentable.Type {
                note(rawValueProblem(type))
            } else {
                note(error)
            }
            return try placeholder(type)
        } catch is Noted {
            return try placeholder(type)
        }
    }

    /// What stands for a value that was noted, so that those behind it are read as well.
    private func placeholder<Value: Decodable>(_ type: Value.Type) throws(Noted) -> Value {
        let found: Any? =
            switch type {
            case let scalar as any FieldConvertible.Type: scalar.placeholder
            case let list as any FieldList.Type: list.empty
            case let optional as any ExpressibleByNilLiteral.Type: optional.init(nilLiteral: ())
            case let cases as any CaseIterable.Type: cases.first
            // A struct of placeholders. A class may need one of itself, without an end.
            default: codingPath.count < 32 ? try? Value(from: unnoted(.object([:]))) : nil
            }
        guard let found = found as? Value else { throw Noted() }
        return found
    }

    /// The same place with another tree, of which nothing is told.
    func unnoted(_ tree: FieldTree) -> FieldDecoder {
        FieldDecoder(tree: tree, codingPath: codingPath, findings: Findings(), json: json)
    }

    /// Thrown where something was noted and no placeholder exists.
    struct Noted: Error {}

    func note(_ message: String) { findings.errors.add(codingPath.fieldName, message) }

    func note(_ error: any Error) {
        guard !(error is Noted) else { return }
        guard let error = error as? DecodingError else { return note("is not valid") }
        for entry in error.fieldErrors.messages {
            for message in entry.messages { findings.errors.add(entry.field, message) }
        }
    }

    func child(_ tree: FieldTree, _ key: any CodingKey) -> FieldDecoder {
        FieldDecoder(tree: tree, codingPath: codingPath + [key], findings: findings, json: json)
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

/// A list, in which what a form left empty is no element, unless its elements are texts.
private protocol FieldList {
    static var dropsBlanks: Bool { get }
    static var empty: Self { get }
}

extension Array: FieldList {
    fileprivate static var empty: Self { [] }
    fileprivate static var dropsBlanks: Bool { Element.self != String.self }
}

extension Set: FieldList {
    fileprivate static var empty: Self { [] }
    fileprivate static var dropsBlanks: Bool { Element.self != String.self }
}

extension FieldTree {
    /// Without the elements that are empty texts of a form.
    fileprivate var withoutBlanks: FieldTree {
        guard case .array(let elements) = self else { return self }
        return .array(elements.filter { if case .text("") = $0 { false } else { true } })
    }

    fileprivate func expectation(of type: any FieldConvertible.Type, _ json: JSONSettings) -> String {
        if type is Date.Type, json.dates == .secondsSince1970 { return Double.expectation }
        return switch self {
        case .text(let text), .number(let text): type.expectation(of: text)
        case .string, .null, .boolean, .array, .object: type.expectation
        }
    }
}

extension FieldConvertible {
    fileprivate static func read(_ tree: FieldTree, _ json: JSONSettings) -> Self? {
        if self is Date.Type, json.dates == .secondsSince1970 {
            guard case .number(let number) = tree, let seconds = Double(field: number) else { return nil }
            return Date(timeIntervalSince1970: seconds) as? Self
        }
        return switch tree {
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

    fileprivate static var placeholder: Self? {
        let texts = ["0", "false", "00000000-0000-0000-0000-000000000000", "1970-01-01T00:00:00Z"]
        return texts.lazy.compactMap { Self(field: $0) }.first
    }
}

extension CaseIterable {
    fileprivate static var first: Any? { allCases.first }
}
