import HTTPTypes
import MartletRouting

/// The innermost of the application: finds the route, and answers itself where there is none.
struct RouterEndpoint: Middleware {
    let trie: RouteTrie<MethodTable>
    let maxBodyBytes: Int

    let boundary: ErrorBoundary

    func respond(to ctx: Context, next: Next) async -> Response {
        switch answer(ctx) {
        case .now(let response): response
        case .later(let make): await make()
        }
    }

    /// Answers there and then where the action is synchronous and all that it needs is there.
    func answer(_ ctx: Context) -> Answer {
        do {
            switch try find(ctx) {
            case .nothing(let response):
                return .now(response)
            case .route(let route):
                guard case .action(.synchronous(let action)) = route.handler, try hasBody(route, ctx.request) else {
                    return .later { await call(route, ctx) }
                }
                return finished(try action(ctx), ctx)
            }
        } catch {
            let response = boundary.response(for: error, in: ctx)
            guard let scope = ctx.endScope(isLast: false) else { return .now(response) }
            return .later {
                await scope.close(isLast: false)
                return response
            }
        }
    }

    private func call(_ route: Route, _ ctx: Context) async -> Response {
        do {
            if route.bodyUse.reads(ctx.request.method) {
                try BodyFields.checkType(of: ctx.request)
                _ = try await ctx.request.body.collect()
            }
            switch route.handler {
            case .action(let action): return try await ctx.complete(action.response(ctx))
            case .wrapped(let chain): return try await chain(ctx)
            }
        } catch {
            await ctx.endScope(isLast: false)?.close(isLast: false)
            return boundary.response(for: error, in: ctx)
        }
    }

    /// True where binding need not wait for the body.
    private func hasBody(_ route: Route, _ request: Request) throws -> Bool {
        guard route.bodyUse.reads(request.method) else { return true }
        return try request.body.collected() != nil
    }

    private func finished(_ response: Response, _ ctx: Context) -> Answer {
        var response = response
        if response.body.isUnadmittedStream || ctx.hasScope {
            return .later { [response] in
                do {
                    return try await ctx.complete(response)
                } catch {
                    return boundary.response(for: error, in: ctx)
                }
            }
        }
        ctx.apply(to: &response)
        return .now(response)
    }

    private enum Finding {
        case route(Route)
        case nothing(Response)
    }

    private func find(_ ctx: Context) throws -> Finding {
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
            return .nothing(try unrouted(request))
        }
        request.body.limit(to: route.maxBodyBytes)
        ctx.matched(MatchedRoute(route: route, captures: match.captures))
        return .route(route)
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
