extension Application {
    /// The routes as a table for people, by path: verbs, path, name, who may call it where that is not everyone
    /// everywhere, and what `@Use` and `@Mark` say.
    ///
    /// - Parameter showsLocations: true for a last column with the place in the source.
    package func routeListing(showsLocations: Bool) -> String {
        let hasPolicies = routes.contains { $0.policy != nil }
        let rows = routes.sorted { ($0.path, $0.name) < ($1.path, $1.name) }.map { route in
            [
                route.verbs.description, route.path, route.name,
                hasPolicies ? "[\(route.policy ?? .everyone)]" : "",
                route.attributes.filter(\.isListed).map(\.description).joined(separator: " "),
            ] + (showsLocations ? [route.action.location.description] : [])
        }
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).filter { $1 > 0 }
                .map { text, width in text + String(repeating: " ", count: width - text.count) }
                .joined(separator: "  ").trimmingTrailingSpaces
        }.joined(separator: "\n")
    }

    /// True where an action's parameter of that type is given by a service or made of the request, and is none of its fields.
    package func provides(_ type: Any.Type) -> Bool {
        environment.services.contains(type) || type is any ContextValue.Type
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
