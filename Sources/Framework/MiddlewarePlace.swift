/// Middleware whose place among the others matters: an app in which it stands elsewhere does not start.
///
///     struct FlashMessages: ImmediateMiddleware, PlacedMiddleware {
///         var place: MiddlewarePlace { MiddlewarePlace(needs: [Sessions.self]) }
///         …
///     }
public protocol PlacedMiddleware: Middleware {
    /// What has to stand before it, and what has to stand after it.
    var place: MiddlewarePlace { get }
}

/// Where a middleware may stand: in the app's order, and in that of a route, where the app's stands before the route's own.
public struct MiddlewarePlace: Sendable {
    /// Each has to be there, and before: it is further out.
    public var needs: [any Middleware.Type]
    /// None of these may stand before. They need not be there.
    public var precedes: [any Middleware.Type]

    /// A place by what stands around it; without any, everywhere.
    public init(needs: [any Middleware.Type] = [], precedes: [any Middleware.Type] = []) {
        self.needs = needs
        self.precedes = precedes
    }
}

/// Middleware that knows whether it can work as it was made: an app in which it cannot does not start.
public protocol CheckedMiddleware: Middleware {
    /// - Throws: `StartupError` with a sentence that says what to write.
    func check() throws
}

extension Array where Element == any Middleware {
    /// Looks at a whole chain, that of the app before those of its routes.
    ///
    /// - Parameters:
    ///   - appCount: how many of them are the app's, where these are a route's.
    ///   - route: what the middleware is around, for the sentence: `Chat@send (App/Chat.swift:12)`; nil for the app.
    /// - Throws: `StartupError` with a sentence for each that cannot stay where it is.
    func checkPlaces(appCount: Int = 0, around route: String? = nil) throws {
        var problems: [String] = []
        for index in indices {
            do {
                try (self[index] as? any CheckedMiddleware)?.check()
            } catch {
                problems.append(StartupError(making: "middleware \(subject(index, route))", error).description)
            }
            let type = Swift.type(of: self[index])
            if self[index] is any SingularMiddleware, contains(type, in: (index + 1)...) {
                problems.append("The middleware \(subject(index, route)) stands twice in app.use: make one of them.")
            }
            guard let place = (self[index] as? any PlacedMiddleware)?.place else { continue }
            for type in place.needs where !contains(type, in: ..<index) {
                problems.append(missing(type, at: index, route))
            }
            for type in place.precedes where contains(type, in: ..<index) {
                let isApps = contains(type, in: ..<Swift.min(index, appCount))
                problems.append(
                    """
                    The middleware \(subject(index, route)) stands after \(type), and has to stand before it: \
                    \(isApps || route == nil ? "name it in app.use, before \(type)" : "name it first").
                    """)
            }
        }
        guard problems.isEmpty else { throw StartupError(problems.joined(separator: "\n")) }
    }

    private func missing(_ type: any Middleware.Type, at index: Int, _ route: String?) -> String {
        if contains(type, in: index...) {
            return """
                The middleware \(subject(index, route)) stands before \(type), and needs it before itself: \
                name \(type) first.
                """
        }
        return """
            The middleware \(subject(index, route)) needs \(type) before it: add app.use(\(type)(…)) to the app's \
            configure\(route == nil ? ", before \(Swift.type(of: self[index]))" : "").
            """
    }

    private func subject(_ index: Int, _ route: String?) -> String {
        "\(Swift.type(of: self[index]))\(route.map { " of \($0)" } ?? "")"
    }

    private func contains(_ type: any Middleware.Type, in range: some RangeExpression<Int>) -> Bool {
        self[range].contains { Swift.type(of: $0) == type }
    }
}
