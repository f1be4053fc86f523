/// A type whose values have to keep rules when they come from a request.
///
///     struct SignUp: Decodable, Validatable, Sendable {
///         let email: String
///         let password: String
///         let again: String
///
///         static let rules: Rules = [
///             .field(\.email, .email),
///             .field(\.password, .length(8...100)),
///             .check("again", "must be the same as the password") { $0.again == $0.password },
///         ]
///     }
///
/// It is looked for wherever an action's parameter has one: in itself, in the members of a struct, in optionals, arrays and
/// dictionaries. A member of a type that is `Validatable` itself needs no rule for that.
public protocol Validatable: SendableMetatype {
    typealias Rules = [FieldRules<Self>]
    /// Read once, at start-up.
    static var rules: [FieldRules<Self>] { get }
}

/// The rules of one member of a ``Validatable`` type, or one of several together.
public struct FieldRules<Root>: Sendable {
    /// The member, nil for several together.
    let member: (any PartialMember & Sendable)?
    /// The name on the wire, where the source says one.
    let name: String?
    let needsWaiting: Bool
    let location: CodeLocation
    let apply: @Sendable (Root, inout Validation, _ field: FieldPath) -> Void

    /// Rules for a stored property.
    ///
    /// - Parameters:
    ///   - member: the property. One that is computed needs a name.
    ///   - name: its name on the wire, where its coding key has another than its own.
    public static func field<Value>(
        _ member: KeyPath<Root, Value> & Sendable, as name: String? = nil, _ rules: Rule<Value>...,
        fileID: String = #fileID, line: Int = #line
    ) -> FieldRules {
        of(Member(keyPath: member), name, rules, CodeLocation(fileID: fileID, line: line)) {
            $0[keyPath: member]
        }
    }

    /// Rules for a stored property that may be nil; nil keeps them all.
    public static func field<Value>(
        _ member: KeyPath<Root, Value?> & Sendable, as name: String? = nil, _ rules: Rule<Value>...,
        fileID: String = #fileID, line: Int = #line
    ) -> FieldRules {
        of(Member(keyPath: member), name, rules, CodeLocation(fileID: fileID, line: line)) {
            $0[keyPath: member]
        }
    }

    /// - Parameter value: of the member; nil keeps all rules.
    private static func of<Value>(
        _ member: any PartialMember & Sendable, _ name: String?, _ rules: [Rule<Value>], _ location: CodeLocation,
        _ value: @escaping @Sendable (Root) -> Value?
    ) -> FieldRules {
        FieldRules(
            member: member, name: name, needsWaiting: rules.contains { $0.needsWaiting }, location: location
        ) { root, validation, field in
            guard let value = value(root) else { return }
            for rule in rules { rule.apply(value, &validation, field) }
        }
    }

    /// A rule for several members together. It is asked where all of them could be read.
    ///
    /// - Parameters:
    ///   - field: the name under which the client is told; empty for the value as a whole.
    ///   - message: what the client is told where it does not hold.
    ///   - holds: true for a value that is right. It must not wait, and is called on the event loop.
    public static func check(
        _ field: String, _ message: String, fileID: String = #fileID, line: Int = #line,
        _ holds: @escaping @Sendable (_ value: Root) -> Bool
    ) -> FieldRules {
        FieldRules(
            member: nil, name: field, needsWaiting: false, location: CodeLocation(fileID: fileID, line: line)
        ) { root, validation, field in
            if !holds(root) { validation.note(field, message) }
        }
    }
}

extension FieldRules where Root: Sendable {
    /// A rule for several members together that has to ask somebody, as ``Rule/check(_:_:)`` may.
    public static func check(
        _ field: String, _ message: String, fileID: String = #fileID, line: Int = #line,
        _ holds: @escaping @Sendable (_ value: Root, _ ctx: Context) async throws -> Bool
    ) -> FieldRules {
        FieldRules(
            member: nil, name: field, needsWaiting: true, location: CodeLocation(fileID: fileID, line: line)
        ) { root, validation, field in
            validation.ask(field) { ctx in try await holds(root, ctx) ? nil : message }
        }
    }
}

/// A key path of which only the place in memory matters.
protocol PartialMember {
    /// nil for what is not stored in a struct.
    var offset: Int? { get }
}

private struct Member<Root, Value>: PartialMember, Sendable {
    let keyPath: KeyPath<Root, Value> & Sendable
    var offset: Int? { MemoryLayout<Root>.offset(of: keyPath) }
}
