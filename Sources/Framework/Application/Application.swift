import HTTPTypes
import Logging
import NIOCore

/// A request from top to bottom, immutable once it is made. The server and the test host both drive `respond`.
public final class Application: Sendable {
    public let routes: [Route]
    public let limits: Limits
    public var logger: Logger { environment.logger }
    /// The live streams, for code that runs outside a request.
    public var sse: EventHub { environment.events }
    /// The middleware of the app, then of its controllers.
    package let middleware: [any Middleware]
    /// One for each event loop, in their order.
    package let executors: [LoopExecutor]
    let environment: ApplicationEnvironment
    private let router: RouterEndpoint
    private let boundary: ErrorBoundary
    /// The app's middleware around the router; nil without any.
    private let chain: Next?

    /// - Parameters:
    ///   - eventLoops: where requests run; each gets its share of the event streams.
    ///   - observer: who looks on; nil for nobody.
    ///   - configure: the last word, after the app's own configuration: how tests replace services.
    /// - Throws: `StartupError`, or what the app's `configure` throws.
    package init(
        _ app: some App, eventLoops: [any EventLoop], clock: any Clock<Duration> = ContinuousClock(),
        observer: (any ApplicationObserver)? = nil,
        configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws {
        let module = String(reflecting: type(of: app)).prefix { $0 != "." }
        var builder = AppBuilder(module: String(module))
        try app.configure(&builder)
        try configure(&builder)

        limits = builder.limits
        executors = eventLoops.map(LoopExecutor.init)
        let events = try EventHub(
            executors: executors, clock: clock, settings: builder.events, limits: builder.limits,
            logger: builder.logger)
        builder.services.add(events)
        let services = ServiceRegistry(builder.services)
        try services.makeSingletons()
        environment = ApplicationEnvironment(
            services: services, events: events, clock: clock, logger: builder.logger,
            isDevelopment: builder.isDevelopment, observer: observer)
        let table = try RouteTable(builder, services: services)
        routes = table.routes
        middleware = builder.middleware + table.controllerMiddleware
        for case let timed as any TimedMiddleware in middleware { timed.follow(clock) }

        // App middleware wraps routing, and sees errors as responses: the boundary stands inside it, and, for what it throws
        // itself, around it.
        boundary = ErrorBoundary(environment: environment)
        let router = RouterEndpoint(
            trie: table.trie, maxBodyBytes: builder.limits.maxBodyBytes, boundary: boundary)
        self.router = router
        chain = builder.middleware.isEmpty ? nil : builder.middleware.wrapped(around: router)
    }

    package func context(request: Request, client: ClientInfo, eventLoop: any EventLoop) -> Context {
        Context(request: request, client: client, environment: environment, eventLoop: eventLoop)
    }

    /// Answers a request; whatever goes wrong is a response too.
    ///
    /// What needs no waiting is answered there and then: a synchronous action without middleware costs no task.
    package func answer(_ ctx: Context) -> Answer {
        guard let observer = environment.observer else { return unobservedAnswer(ctx) }
        let request = observer.observe(ctx)
        request.begin(.answering)
        switch CurrentRequest.$observed.withValue(request, operation: { unobservedAnswer(ctx) }) {
        case .now(let response):
            request.end(.answering)
            return .now(response.observed(by: request))
        case .later(let make):
            return .later {
                let response = await CurrentRequest.$observed.withValue(request) { await make() }
                request.end(.answering)
                return response.observed(by: request)
            }
        }
    }

    private func unobservedAnswer(_ ctx: Context) -> Answer {
        if let chain { return .later { await self.respond(to: ctx, chain) } }
        switch router.answer(ctx) {
        case .now(let response):
            _ = ctx.endScope(isLast: true)
            return .now(response.asAnswer(to: ctx.request))
        case .later(let make):
            return .later {
                let response = await make()
                await ctx.endScope(isLast: true)?.close(isLast: true)
                return response.asAnswer(to: ctx.request)
            }
        }
    }

    private func respond(to ctx: Context, _ chain: Next) async -> Response {
        var response: Response
        do {
            response = try await chain(ctx)
        } catch {
            response = boundary.response(for: error, in: ctx)
        }
        // What middleware made behind the action, or where there was none.
        await ctx.endScope(isLast: true)?.close(isLast: true)
        return response.asAnswer(to: ctx.request)
    }
}

extension Response {
    /// HEAD is answered without content.
    fileprivate consuming func asAnswer(to request: Request) -> Response {
        if request.method == .head { body = .omitted(length: body.length) }
        return self
    }
}
