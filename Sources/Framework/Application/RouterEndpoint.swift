import HTTPTypes
import MartletRouting

/// The innermost of the application: hands the request to its route, and answers itself where there is none.
struct RouterEndpoint: ImmediateMiddleware {
    let trie: RouteTrie<MethodTable>

    func answer(_ ctx: Context, next: Next) throws -> Answer {
        if let route = ctx.route {
            let answer = route.chain.answer(ctx)
            guard ctx.request.method == .options else { return answer }
            // An action's own answer to OPTIONS says what is allowed, too (RFC 9110 section 9.3.7).
            return answer.map(ctx) { response in
                if response.headers[.allow] == nil {
                    response.headers[.allow] = allow(try trie.allMatches(ctx.request.path))
                }
            }
        }
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

    private func allow(_ tables: [MethodTable]) -> String {
        var allowed: [HTTPRequest.Method] = []
        for method in tables.flatMap(\.allowed) where !allowed.contains(method) { allowed.append(method) }
        return allowed.map(\.rawValue).joined(separator: ", ")
    }

    /// 204 for OPTIONS, 405, a redirect to the path without its trailing slash, or 404.
    private func unrouted(_ request: Request) throws -> Response {
        // RFC 9110 section 9.3.7: the server as a whole is asked.
        if request.path == "*" { return Response(status: .noContent) }
        let tables: [MethodTable]
        do {
            tables = try trie.allMatches(request.path)
        } catch {
            throw HTTPError.badRequest("\(error)")
        }
        guard tables.isEmpty else {
            let allow: HTTPFields = [.allow: allow(tables)]
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
