import HTTPTypes
import MartletRouting

/// Finds the route of a request, and is the innermost of the application where there is none.
struct Router: ImmediateMiddleware {
    let trie: RouteTrie<MethodTable>

    /// The route that a request takes. A path that is malformed has none, and is told so when it is answered.
    func match(_ request: Request) -> MatchedRoute? {
        let method = request.method
        guard let match = try? trie.match(request.path, choosing: { $0[method] }) else { return nil }
        return MatchedRoute(route: match.value, captures: match.captures)
    }

    /// What answers a preflight, an OPTIONS request that asks for another: the action that this one goes to knows. nil for
    /// every other request, and where no action of the path has a say.
    func preflight(_ request: Request) -> Next? {
        guard request.method == .options, request.headers.contains(.origin),
            let name = request.headers[.accessControlRequestMethod], let method = HTTPRequest.Method(name)
        else { return nil }
        return (try? trie.match(request.path, choosing: { $0[method] }))?.value.preflight
    }

    /// 204 for OPTIONS, 405, a redirect to the path without its trailing slash, or 404.
    func answer(_ ctx: Context, next: Next) throws -> Answer { .now(try unrouted(ctx.request)) }

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

    /// What the method asks of any response.
    func complete(_ answer: Answer, _ ctx: Context) -> Answer {
        switch ctx.request.method {
        case .head:
            // Answered without content.
            answer.map(ctx) { $0.body = .omitted(length: $0.body.length) }
        case .options where ctx.match != nil:
            // An action's own answer to OPTIONS says what is allowed, too (RFC 9110 section 9.3.7).
            answer.map(ctx) { response in
                if response.headers[.allow] == nil {
                    response.headers[.allow] = allow(try trie.allMatches(ctx.request.path))
                }
            }
        default:
            answer
        }
    }

    private func allow(_ tables: [MethodTable]) -> String {
        var allowed: [HTTPRequest.Method] = []
        for method in tables.flatMap(\.allowed) where !allowed.contains(method) { allowed.append(method) }
        return allowed.map(\.rawValue).joined(separator: ", ")
    }
}
