/// A mistake in how the app is put together: it ends the start-up with this sentence.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
