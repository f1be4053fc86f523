/// The answer to a request: made there and then, or on its way.
package enum Answer: Sendable {
    case now(Response)
    case later(@Sendable () async -> Response)

    package var response: Response {
        get async {
            switch self {
            case .now(let response): response
            case .later(let make): await make()
            }
        }
    }
}

extension ActionHandler {
    func response(_ ctx: Context) async throws -> Response {
        switch self {
        case .synchronous(let action): try action(ctx)
        case .asynchronous(let action): try await action(ctx)
        }
    }
}

extension Context {
    /// Adds to an action's result what it left in the context, lets a stream in, and closes the scoped services.
    func complete(_ response: Response) async throws -> Response {
        do {
            var response = response
            if case .events(let stream) = response.body, stream.admission == nil {
                response = try await sse.admit(response, stream, self)
            }
            apply(to: &response)
            await endScope(isLast: false)?.close(isLast: false)
            return response
        } catch {
            await endScope(isLast: false)?.close(isLast: false)
            throw error
        }
    }
}
