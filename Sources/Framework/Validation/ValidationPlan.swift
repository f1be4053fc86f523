@_spi(Reflection) import Swift

/// The rules of a type's values and of all that stands inside them, found at start-up.
///
/// The members that have rules are known by their place in memory, so that checking a value neither looks anything up nor
/// copies what has no rules.
// Filled in at start-up; a type may stand inside itself. Nothing changes afterwards.
final class ValidationPlan: @unchecked Sendable {
    /// Reads a value of the plan's type at the address.
    typealias Step = @Sendable (UnsafeRawPointer, inout Validation, _ field: FieldPath) -> Void

    fileprivate(set) var steps: [Step] = []
    /// True where some rule asks somebody.
    fileprivate(set) var needsWaiting = false

    /// nil for a type in which nothing has rules.
    ///
    /// - Throws: `StartupError` for rules that cannot be told under a name.
    static func make(for type: Any.Type) throws(StartupError) -> ValidationPlan? {
        var search = ValidationSearch()
        let plan = try search.plan(for: type)
        guard search.hasRules else { return nil }
        plan?.needsWaiting = search.needsWaiting
        return plan
    }

    /// Holds a value against its rules.
    ///
    /// - Parameter field: where the value stands; by default it is a whole body or query.
    func check<Value>(_ value: Value, _ validation: inout Validation, _ field: FieldPath = .field("")) {
        withUnsafePointer(to: value) { check(at: UnsafeRawPointer($0), &validation, field) }
    }

    fileprivate func check(at address: UnsafeRawPointer, _ validation: inout Validation, _ field: FieldPath) {
        for step in steps where !validation.isFull { step(address, &validation, field) }
    }
}

/// Goes through the types that a value is made of.
private struct ValidationSearch {
    private var plans: [ObjectIdentifier: ValidationPlan] = [:]
    var hasRules = false
    var needsWaiting = false

    /// nil where neither the type nor what stands inside has rules.
    mutating func plan(for type: Any.Type) throws(StartupError) -> ValidationPlan? {
        if let plan = plans[ObjectIdentifier(type)] { return plan }
        guard !(type is any FieldConvertible.Type), type is any Decodable.Type || type is any Validatable.Type else {
            return nil
        }
        let plan = ValidationPlan()
        // Before its parts are looked at, which may have one like it.
        plans[ObjectIdentifier(type)] = plan
        if let container = type as? any ContainerOfValidated.Type {
            if let step = try container.step(&self) { plan.steps.append(step) }
        } else {
            try addMembers(of: type, to: plan)
        }
        guard plan.steps.isEmpty else { return plan }
        plans[ObjectIdentifier(type)] = nil
        return nil
    }

    private mutating func addMembers(of type: Any.Type, to plan: ValidationPlan) throws(StartupError) {
        var members: [(name: String, offset: Int, type: Any.Type)] = []
        _ = _forEachField(of: type, options: []) { name, offset, type, _ in
            members.append((String(cString: name), offset, type))
            return true
        }
        var names: [Int: String] = [:]
        for member in members { names[member.offset] = member.name }
        if let type = type as? any Validatable.Type { try addRules(of: type, to: plan, &names) }
        for member in members {
            guard let inner = try self.plan(for: member.type) else { continue }
            let name = names[member.offset] ?? member.name
            let offset = member.offset
            plan.steps.append { address, validation, field in
                let field = FieldPath.member(field, name)
                // An array that has too many elements is not gone through.
                guard !validation.hasError(field, named: name) else { return }
                inner.check(at: address + offset, &validation, field)
            }
        }
    }

    /// - Parameter names: those of the members by their places, which rules may change.
    private mutating func addRules<Value: Validatable>(
        of type: Value.Type, to plan: ValidationPlan, _ names: inout [Int: String]
    ) throws(StartupError) {
        for rules in type.rules {
            hasRules = true
            needsWaiting = needsWaiting || rules.needsWaiting
            let offset = rules.member?.offset
            guard let name = rules.name ?? offset.flatMap({ names[$0] }) else {
                throw StartupError(
                    """
                    The rules of \(type) at \(rules.location) are for what is not stored in it, so its name on the wire is \
                    not known: say .field(…, as: "name").
                    """)
            }
            if rules.name != nil, let offset { names[offset] = name }
            let isWhole = rules.member == nil
            plan.steps.append { address, validation, field in
                let own = FieldPath.member(field, name)
                guard !validation.isUnread(isWhole ? field : own) else { return }
                rules.apply(address.assumingMemoryBound(to: Value.self).pointee, &validation, own)
            }
        }
    }
}

extension Validation {
    /// True where something is wrong with the field itself.
    ///
    /// - Parameter name: the last of its path, which alone tells most fields apart.
    fileprivate func hasError(_ path: FieldPath, named name: String) -> Bool {
        guard errors.messages.contains(where: { $0.field.hasSuffix(name) }) else { return false }
        let field = path.text
        return errors.messages.contains { $0.field == field }
    }
}

/// What holds other values in another way than by its members.
private protocol ContainerOfValidated {
    static func step(_ search: inout ValidationSearch) throws(StartupError) -> ValidationPlan.Step?
}

// Addresses are bound to a function's own parameter, since a closure cannot capture the metatype of any type.
extension Optional: ContainerOfValidated {
    fileprivate static func step(_ search: inout ValidationSearch) throws(StartupError) -> ValidationPlan.Step? {
        guard let inner = try search.plan(for: Wrapped.self) else { return nil }
        return Unchecked<Self> { value, validation, field in
            if let value { inner.check(value, &validation, field) }
        }.step
    }
}

extension Array: ContainerOfValidated {
    fileprivate static func step(_ search: inout ValidationSearch) throws(StartupError) -> ValidationPlan.Step? {
        guard let inner = try search.plan(for: Element.self) else { return nil }
        return Unchecked<Self> { elements, validation, field in
            for (index, element) in elements.enumerated() {
                guard !validation.isFull else { return }
                inner.check(element, &validation, .element(field, index))
            }
        }.step
    }
}

extension Dictionary: ContainerOfValidated {
    fileprivate static func step(_ search: inout ValidationSearch) throws(StartupError) -> ValidationPlan.Step? {
        guard Key.self == String.self, let inner = try search.plan(for: Value.self) else { return nil }
        return Unchecked<Self> { members, validation, field in
            for (name, value) in members {
                guard !validation.isFull else { return }
                inner.check(value, &validation, .member(field, "\(name)"))
            }
        }.step
    }
}

/// Reads a container of some type at an address.
private struct Unchecked<Container>: @unchecked Sendable {
    // Captures nothing but plans.
    let check: (Container, inout Validation, FieldPath) -> Void

    var step: ValidationPlan.Step {
        { address, validation, field in
            check(address.assumingMemoryBound(to: Container.self).pointee, &validation, field)
        }
    }
}
