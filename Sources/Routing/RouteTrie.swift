/// Finds by path what was inserted by template: built once, then read for every request.
///
/// At each segment a literal goes before a pattern, a pattern before a parameter and a parameter before a catch-all. Of
/// patterns (`v{major}.{minor}`) the one with more text goes first; of equals, counted in UTF-8, the one with more text
/// before its first parameter, then the one whose texts come first in the order of their bytes.
///
/// Texts are compared byte by byte, in their case, with the decoded path; an empty segment (`//`, a trailing slash) is no
/// parameter's, and neither is `.` or `..`.
public struct RouteTrie<Value: Sendable>: Sendable {
    @usableFromInline var tree = PlaceTree()
    /// By the number of their place; nil where `update` put none.
    @usableFromInline var values: [Value?] = []

    /// No routes: every path matches nothing.
    public init() {}

    /// Lets `update` set the value of each place that the template takes: two for `{name?}`, else one.
    ///
    /// Templates that differ only in their parameters' names share a place.
    /// - Throws: What `update` throws; then nothing is changed.
    public mutating func insert<E: Error>(
        _ template: PathTemplate, update: (inout Value?) throws(E) -> Void
    ) throws(E) {
        var updated: [(place: Int, value: Value?)] = []
        for place in template.places {
            let place = tree.insert(place)
            if place == values.count { values.append(nil) }
            var value = values[place]
            try update(&value)
            updated.append((place, value))
        }
        for (place, value) in updated { values[place] = value }
    }

    /// The best match of which `choose` makes something.
    ///
    /// - Parameters:
    ///   - path: The raw, percent-encoded path of a request target with no query; one that does not begin with a
    ///     slash matches nothing.
    ///   - choose: nil for a value that will not do: the next best is asked.
    @inlinable
    public func match<Found: Sendable>(
        _ path: String, choosing choose: (Value) -> Found?
    ) throws(PathDecodingError) -> RouteMatch<Found>? {
        var found: Found?
        let hit = try tree.firstPlace(on: path) { place in
            guard let value = values[place] else { return false }
            found = choose(value)
            return found != nil
        }
        guard let hit, let found else { return nil }
        return RouteMatch(value: found, captures: hit.captures)
    }

    /// All values that the path reaches, best first: what `Allow` is made of.
    public func allMatches(_ path: String) throws(PathDecodingError) -> [Value] {
        var found: [Value] = []
        _ = try tree.firstPlace(on: path) { place in
            if let value = values[place] { found.append(value) }
            return false
        }
        return found
    }
}
