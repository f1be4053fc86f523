/// Middleware of which one alone counts for a request: a route's own stands in place of the app's.
///
/// Where the app has none, it stands before everything in the app that it precedes, else first of what the route has itself.
package protocol SingularMiddleware: Middleware {}

/// Middleware that answers for an action before the browser sends the request (Fetch, section 3.2.2): an OPTIONS request,
/// which need not have a route.
package protocol PreflightMiddleware: SingularMiddleware {}

extension Array where Element == any Middleware {
    /// The app's middleware with what a route has itself, each where it stands.
    ///
    /// - Parameter own: the outermost first. Of several of one singular type the last counts, the nearest to the action.
    func joined(with own: [any Middleware]) -> (chain: [any Middleware], appCount: Int) {
        var apps = self
        var rest: [any Middleware] = []
        var firsts: [any Middleware] = []
        for (index, middleware) in own.enumerated() {
            guard middleware is any SingularMiddleware else {
                rest.append(middleware)
                continue
            }
            let type = Swift.type(of: middleware)
            if own[(index + 1)...].contains(where: { Swift.type(of: $0) == type }) { continue }
            if let taken = apps.firstIndex(where: { Swift.type(of: $0) == type }) {
                apps[taken] = middleware
                continue
            }
            let inner = (middleware as? any PlacedMiddleware)?.place.precedes ?? []
            if let place = apps.firstIndex(where: { one in inner.contains { $0 == Swift.type(of: one) } }) {
                apps.insert(middleware, at: place)
            } else {
                firsts.append(middleware)
            }
        }
        return (apps + firsts + rest, apps.count)
    }

    /// What answers preflights for an action; nil where the app's own does.
    ///
    /// - Parameter chain: that of the route, which has all of `self` and of `own` that counts.
    func preflight(of chain: [any Middleware], appCount: Int, own: [any Middleware]) -> Next? {
        guard own.contains(where: { $0 is any PreflightMiddleware }) else { return nil }
        let inner = chain[appCount...].filter { $0 is any PreflightMiddleware }
        return (chain[..<appCount] + inner).wrapped(around: PreflightEnd())
    }
}

/// What is inside all that answers a preflight, which is reached by none that does.
private struct PreflightEnd: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) -> Answer { .now(Response(status: .noContent)) }
}
