/// Where a parameter of an action comes from.
public enum ParameterSource: String, Sendable, Hashable {
    /// Its type, else the path, else the query (GET, HEAD, DELETE) or the body's field (the other methods).
    case automatic
    /// What `@Query`, `@Body`, `@Header` or `@Cookie` says.
    case query, body, header, cookie
}

/// Takes a parameter from the body: a field of it, or, for a `Decodable` struct, all of it.
///
///     @POST func create(@Body user: NewUser) -> User
@propertyWrapper
public struct Body<Value> {
    /// The value that the action sees.
    public var wrappedValue: Value
    /// For a field that is called as the parameter is.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    /// - Parameter name: the field's name on the wire, where it is not the parameter's.
    public init(wrappedValue: Value, _ name: StaticString) { self.wrappedValue = wrappedValue }
}

/// Takes a parameter from the query: a field of it, or, for a `Decodable` struct, all of it.
@propertyWrapper
public struct Query<Value> {
    /// The value that the action sees.
    public var wrappedValue: Value
    /// For a field that is called as the parameter is.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    /// - Parameter name: the field's name on the wire, where it is not the parameter's.
    public init(wrappedValue: Value, _ name: StaticString) { self.wrappedValue = wrappedValue }
}

/// Takes a parameter from a header field: `userAgent` from `User-Agent`.
@propertyWrapper
public struct Header<Value> {
    /// The value that the action sees.
    public var wrappedValue: Value
    /// For a header field that is called as the parameter is, words with hyphens between.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    /// - Parameter name: the field's name on the wire, where it is not the parameter's.
    public init(wrappedValue: Value, _ name: StaticString) { self.wrappedValue = wrappedValue }
}

/// Takes a parameter from a cookie of its name.
@propertyWrapper
public struct Cookie<Value> {
    /// The value that the action sees.
    public var wrappedValue: Value
    /// For a cookie that is called as the parameter is.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    /// - Parameter name: the cookie's name, where it is not the parameter's.
    public init(wrappedValue: Value, _ name: StaticString) { self.wrappedValue = wrappedValue }
}
