import HTTPTypes
import MartletRouting

/// The innermost of the application: finds the route, and answers itself where there is none.
struct RouterEndpoint: Sendable {
    let trie: RouteTrie<MethodTable>
    let maxBodyBytes: Int

    func respond(to ctx: Context) async throws -> Response {
        let request = ctx.request
        let method = request.method
        let match: RouteMatch<MethodTable>?
        do {
            match = try trie.match(request.path) { $0.answers(method) }
        } catch {
            throw HTTPError.badRequest("The path is malformed: \(error).")
        }
        guard let match, let route = match.value[method] else {
            request.body.limit(to: maxBodyBytes)
            return try unrouted(request)
        }
        request.body.limit(to: route.maxBodyBytes)
        ctx.matched(MatchedRoute(route: route, captures: match.captures))
        return try await route.handler(ctx)
    }

    /// 204 for OPTIONS, 405, a redirect to the path without its trailing slash, or 404.
    private func unrouted(_ request: Request) throws -> Response {
        // RFC 9110 section 9.3.7: the server as a whole is asked.
        if request.path == "*" { return Response(status: .noContent) }
        let tables = (try? trie.allMatches(request.path)) ?? []
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
