/// A mistake in how the app is put together: it ends the start-up with this sentence.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

extension StartupError {
    /// A sentence for what the app's own code threw when something was made of it.
    ///
    /// - Parameter subject: what was to be made: `controller BookController`.
    init(making subject: String, at location: SourceLocation? = nil, _ error: any Error) {
        if let error = error as? StartupError {
            self = error
            return
        }
        let place = location.map { " (\($0))" } ?? ""
        // A type of the app's that describes itself says it best; of another its name helps more than its dump.
        let reason = error is any CustomStringConvertible ? "\(error)" : "it threw \(type(of: error)).\(error)"
        self.init("The \(subject)\(place) could not be made: \(reason).")
    }
}

/// A service or a route that is asked for where there is none, while a request runs.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
