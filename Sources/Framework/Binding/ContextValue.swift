/// A type that says how it is made from a request: the user who is signed in, a tenant, a locale. It can be a parameter of an
/// action.
///
///     struct CurrentUser: ContextValue {
///         let name: String
///
///         static func make(from ctx: Context) async throws -> CurrentUser {
///             guard let name = ctx.session["user"] else { throw HTTPError(.unauthorized, "Sign in first.") }
///             return CurrentUser(name: name)
///         }
///     }
///
///     func orders(_ user: CurrentUser) -> [Order]
///
/// It is made before the other parameters are read, so what it throws answers the request before anything that is wrong with
/// them. `CurrentUser?` is nil where it throws an `HTTPError` 401. A service of the same type, such as a test registers, stands
/// in its place.
public protocol ContextValue: Sendable {
    /// Makes the value, once for a request.
    ///
    /// - Throws: what answers the request.
    static func make(from ctx: Context) async throws -> Self
}

extension Optional: ContextValue where Wrapped: ContextValue {
    /// nil where the value throws an `HTTPError` 401.
    public static func make(from ctx: Context) async throws -> Wrapped? {
        do {
            return try await ctx.value(Wrapped.self)
        } catch let error as HTTPError where error.status == .unauthorized {
            return nil
        }
    }
}

/// The key under which a request keeps a value.
private enum MadeValue<Value: ContextValue>: ContextKey {}

extension Context {
    /// The value that a request has of a type, made when it is first asked for. Middleware may ask, too.
    ///
    /// - Throws: what the type throws.
    public func value<Value: ContextValue>(_ type: Value.Type = Value.self) async throws -> Value {
        if let made = self[MadeValue<Value>.self] { return made }
        if environment.services.contains(type) { return try services.resolve(type) }
        let made = try await Value.make(from: self)
        self[MadeValue<Value>.self] = made
        return made
    }

    /// The value that was made before the action began.
    func madeValue<Value: ContextValue>(_ type: Value.Type) -> Value? { self[MadeValue<Value>.self] }
}
