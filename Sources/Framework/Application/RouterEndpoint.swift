import HTTPTypes
import MartletRouting

/// The innermost of the application: hands the request to its route, and answers itself where there is none.
struct RouterEndpoint: ImmediateMiddleware {
    let trie: RouteTrie<MethodTable>

    func answer(_ ctx: Context, next: Next) throws -> Answer {
        if let route = ctx.route { return route.chain.answer(ctx) }
        return .now(try unrouted(ctx.request))
    }

    /// Finds the request's route, which is known to all middleware then, and its limit for the body.
    func route(_ ctx: Context) {
        let request = ctx.request
        let method = request.method
        // A path that is malformed has no route; it is told so where there is none.
        guard let match = try? trie.match(request.path, where: { $0.answers(method) }), let route = match.value[method]
        else { return }
        if let bytes = route.action.maxBodyBytes { request.body.limit(to: bytes) }
        ctx.matched(MatchedRoute(route: route, captures: match.captures))
    }

    /// 204 for OPTIONS, 405, a redirect to the path without its trailing slash, or 404.
    private func unrouted(_ request: Request) throws -> Response {
        // RFC 9110 section 9.3.7: the server as a whole is asked.
        if request.path == "*" { return Response(status: .noContent) }
        let tables: [MethodTable]
        do {
            tables = try trie.allMatches(request.path)
        } catch {
            throw HTTPError.badRequest("The path is malformed: \(error).")
        }
        guard tables.isEmpty else {
            var allowed: [HTTPRequest.Method] = []
            for method in tables.flatMap(\.allowed) where !allowed.contains(method) { allowed.append(method) }
            let allow: HTTPFields = [.allow: allowed.map(\.rawValue).joined(separator: ", ")]
            if request.method == .options { return Response(status: .noContent, headers: allow) }
            throw HTTPError(.methodNotAllowed, "\(request.method.rawValue) is not allowed here.", headers: allow)
        }
        if request.path.utf8.count > 1, request.path.hasSuffix("/"), !request.path.mayNameHost {
            let shorter = String(request.path.dropLast())
            if let tables = try? trie.allMatches(shorter), !tables.isEmpty {
                let location = request.rawQuery.map { "\(shorter)?\($0)" } ?? shorter
                return Response(status: .permanentRedirect, headers: [.location: location])
            }
        }
        throw HTTPError(.notFound, "There is nothing at this path.")
    }
}

extension String {
    /// True for a path that browsers would take for another host's address: two slashes, or backslashes in their place.
    fileprivate var mayNameHost: Bool {
        let second = utf8.dropFirst().first
        return second == UInt8(ascii: "/") || second == UInt8(ascii: "\\")
    }
}
