import MartletCore

/// Names a value of a session, and its type.
///
///     extension SessionKey<[Int]> {
///         static let basket = Self("basket")
///     }
///
///     ctx.session[.basket, default: []].append(7)
public struct SessionKey<Value: Codable & Sendable>: Sendable {
    /// As the store has it.
    public let name: String

    /// - Parameter name: two keys of one name are one value: give them the same type.
    public init(_ name: String) { self.name = name }
}

extension Session {
    /// The value of a typed key; setting nil removes it.
    ///
    /// A `String` is stored as it is, anything else as JSON. What is stored under the name and is no such value is nil: the app
    /// of yesterday may have stored another type.
    public subscript<Value>(key: SessionKey<Value>) -> Value? {
        get {
            guard let text = self[key.name] else { return nil }
            return text as? Value ?? (try? JSON.standard.value(Value.self, fromText: text))
        }
        set {
            // What cannot be written as JSON, such as a number that is none, is no value.
            self[key.name] = newValue.flatMap { $0 as? String ?? (try? JSON.standard.text(of: $0)) }
        }
    }

    /// The same with a value that stands for none.
    public subscript<Value>(key: SessionKey<Value>, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        set { self[key] = newValue }
    }
}
