/// A type whose values are made from the app's services. Conform by attaching `@Injectable`.
public protocol Injectable: Sendable {
    /// Makes a value.
    ///
    /// - Throws: `StartupError` naming the type and the property where a service is missing.
    static func make(from services: ServiceResolver) throws -> Self
}
