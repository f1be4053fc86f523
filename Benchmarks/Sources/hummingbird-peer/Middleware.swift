import HTTPTypes
import Hummingbird
import NIOCore

// Hummingbird's session and compression middlewares stand in packages of their own (hummingbird-auth, -compression), which
// are not to be had everywhere. These do what those do for the requests that are measured, from what Hummingbird itself
// brings: its cookies and its `persist` store, as its documentation teaches them.

/// A context that has the session, as hummingbird-auth's `SessionRequestContext` has it.
struct PeerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    var session: [String: String]?

    init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}

/// Loads the session that the cookie names. What is measured changes none, so there is none to save.
struct SessionMiddleware: RouterMiddleware {
    let store: MemoryPersistDriver<ContinuousClock>

    func handle(
        _ request: Request, context: PeerContext, next: (Request, PeerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let id = request.cookies[SessionMiddleware.cookie]?.value {
            context.session = try await store.get(key: "hbs.\(id)", as: [String: String].self)
        }
        return try await next(request, context)
    }

    static let cookie = "SESSION_ID"

    /// Begins a session and gives the response its cookie.
    static func logIn(_ store: MemoryPersistDriver<ContinuousClock>) async throws -> Response {
        let id = String(UInt64.random(in: .min ... .max), radix: 36)
        try await store.set(key: "hbs.\(id)", value: ["user_id": "1"], expires: .seconds(60 * 60 * 12))
        var response = Response(status: .ok)
        response.setCookie(Cookie(name: cookie, value: id, path: "/", httpOnly: true))
        return response
    }
}

/// Names every request in its response: by the id that Hummingbird gives it for the log.
struct RequestIDMiddleware: RouterMiddleware {
    private static let name = HTTPField.Name("X-Request-ID")

    func handle(
        _ request: Request, context: PeerContext, next: (Request, PeerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if let name = Self.name { response.headers[name] = context.id }
        return response
    }
}

/// Finds that a response is too small to be compressed.
struct CompressionMiddleware: RouterMiddleware {
    let minimumSize: Int

    func handle(
        _ request: Request, context: PeerContext, next: (Request, PeerContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        guard let length = response.body.contentLength, length >= minimumSize, accepts(request) else { return response }
        throw HTTPError(.internalServerError, message: "The peer compresses nothing: ask for less.")
    }

    private func accepts(_ request: Request) -> Bool {
        request.headers[values: .acceptEncoding].contains { $0.contains("gzip") }
    }
}
