/// A mistake in how the app is put together: it ends the start-up with this sentence.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    /// The sentence, which names the place in the source where it can.
    public let description: String
    /// An error of your own: throw it from `configure` or `app.onStart`.
    public init(_ description: String) { self.description = description }
}

extension StartupError {
    /// A sentence for what the app's own code threw when something was made of it.
    ///
    /// - Parameter subject: what was to be made: `controller BookController`.
    init(making subject: String, at location: CodeLocation? = nil, _ error: any Error) {
        if let error = error as? StartupError {
            self = error
            return
        }
        let place = location.map { " (\($0))" } ?? ""
        self.init("The \(subject)\(place) could not be made: \(Self.reason(error)).")
    }

    /// What an error says as the end of a sentence, without its full stop.
    static func reason(_ error: any Error) -> String {
        // An error that describes itself says it best. The text of another is that of its value, which for a case of an
        // enum lacks the type.
        let text = "\(error)"
        let type = "\(type(of: error))"
        return error is any CustomStringConvertible
            ? text : "it threw \(text.hasPrefix(type) ? text : "\(type).\(text)")"
    }
}

/// A service or a route that is asked for where there is none, while a request runs.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    /// A sentence for the log; the client gets a 500.
    public let description: String

    init(_ description: String) { self.description = description }
}
