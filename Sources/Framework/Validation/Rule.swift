/// What a value has to be beyond its type: `.range(1...100)`, `.email`, or a closure of the app's own.
///
/// A value is held against its rules when it could be read. What is wrong is told in the answer, under the field's name,
/// together with everything else that is wrong with the request: with status 422, or 400 where another value could not be
/// read at all.
public struct Rule<Value>: Sendable {
    /// Notes what is wrong with the value that stands there, or that it has yet to be found out.
    let apply: @Sendable (Value, inout Validation, FieldPath) -> Void
    /// True where it asks somebody, and so cannot be told at once.
    let needsWaiting: Bool

    init(needsWaiting: Bool = false, apply: @escaping @Sendable (Value, inout Validation, FieldPath) -> Void) {
        self.needsWaiting = needsWaiting
        self.apply = apply
    }

    /// A rule that says itself what is wrong.
    ///
    /// - Parameter problem: what is wrong with the value, as the client is told under the field's name: `must be even`. nil
    ///   where nothing is.
    public init(_ problem: @escaping @Sendable (_ value: Value) -> String?) {
        self.init { value, validation, field in
            if let message = problem(value) { validation.note(field, message) }
        }
    }

    /// A rule of the app's own.
    ///
    /// - Parameters:
    ///   - message: what the client is told where it does not hold: `must be even`. `app.messages` may have it in other
    ///     languages.
    ///   - holds: true for a value that is right. It must not wait, and is called on the event loop.
    public static func check(_ message: String, _ holds: @escaping @Sendable (_ value: Value) -> Bool) -> Rule {
        Rule { holds($0) ? nil : message }
    }
}

extension Rule where Value: Sendable {
    /// A rule that has to ask somebody: whether a name is taken, whether an article exists.
    ///
    /// It is asked when the whole request was read, and only about a field with which nothing else is wrong; one after the
    /// other, in the order of the fields.
    ///
    /// - Parameters:
    ///   - message: what the client is told where it does not hold: `is taken`.
    ///   - holds: true for a value that is right. It finds services in `ctx.services`. What it throws answers the request, as
    ///     if the action had thrown it.
    public static func check(
        _ message: String,
        _ holds: @escaping @Sendable (_ value: Value, _ ctx: Context) async throws -> Bool
    ) -> Rule {
        Rule(needsWaiting: true) { value, validation, field in
            validation.ask(field) { ctx in try await holds(value, ctx) ? nil : message }
        }
    }
}

extension Rule {
    /// Holds each element of an array against rules; an error names the element: `tags[2]`.
    public static func each<Element>(_ rules: Rule<Element>...) -> Rule where Value == [Element] {
        Rule(needsWaiting: rules.contains { $0.needsWaiting }) { elements, validation, field in
            for (index, element) in elements.enumerated() {
                guard !validation.isFull else { return }
                for rule in rules { rule.apply(element, &validation, .element(field, index)) }
            }
        }
    }
}
