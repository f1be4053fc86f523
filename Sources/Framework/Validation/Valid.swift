/// Holds a parameter of an action against rules, when the request has it.
///
///     func search(@Valid(.range(1...100)) limit: Int = 20, @Query("q") @Valid(.length(2...80)) text: String)
///
/// Where the parameter comes from is said by another attribute, or by its name as ever. A rule with a closure cannot stand in
/// an attribute: give it a name, as in `let evenNumber = Rule<Int>.check("must be even") { $0.isMultiple(of: 2) }`, and write
/// `@Valid(evenNumber)`. That is also the place for a `.pattern`, which is made anew for every call otherwise.
@propertyWrapper
public struct Valid<Value> {
    /// The value that the action sees.
    public var wrappedValue: Value

    /// For a parameter that is never nil; its default is not held against the rules.
    @_disfavoredOverload
    public init(wrappedValue: Value, _ rules: Rule<Value>...) { self.wrappedValue = wrappedValue }

    /// For a parameter that may be nil, which keeps all rules then.
    public init<Wrapped>(wrappedValue: Wrapped?, _ rules: Rule<Wrapped>...) where Value == Wrapped? {
        self.wrappedValue = wrappedValue
    }
}
