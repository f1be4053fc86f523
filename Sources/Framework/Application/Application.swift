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
    /// One for each event loop, in their order.
    package let executors: [LoopExecutor]
    let environment: ApplicationEnvironment
    private let chain: Next
    private let outerBoundary: ErrorBoundary

    /// - Parameters:
    ///   - eventLoops: where requests run; each gets its share of the event streams.
    ///   - configure: the last word, after the app's own configuration: how tests replace services.
    /// - Throws: `StartupError`, or what the app's `configure` throws.
    package init(
        _ app: some App, eventLoops: [any EventLoop], clock: any Clock<Duration> = ContinuousClock(),
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
            isDevelopment: builder.isDevelopment)
        let table = try RouteTable(builder, services: services)
        routes = table.routes

        // App middleware wraps routing, and sees errors as responses.
        let router = RouterEndpoint(trie: table.trie, maxBodyBytes: builder.limits.maxBodyBytes)
        let innerBoundary = ErrorBoundary(environment: environment)
        chain = builder.middleware.wrapped { ctx in await innerBoundary.respond(to: ctx, next: router.respond) }
        outerBoundary = ErrorBoundary(environment: environment)
    }

    package func context(request: Request, client: ClientInfo, eventLoop: any EventLoop) -> Context {
        Context(request: request, client: client, environment: environment, eventLoop: eventLoop)
    }

    /// Answers a request; whatever goes wrong is a response too.
    package func respond(to ctx: Context) async -> Response {
        var response = await outerBoundary.respond(to: ctx, next: chain)
        // What middleware made behind the action, or where there was none.
        await ctx.closeScope(isLast: true)
        if ctx.request.method == .head { response.body = .omitted(length: response.body.length) }
        return response
    }
}
