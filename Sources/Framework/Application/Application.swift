import HTTPTypes
import Logging
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A request from top to bottom, immutable once it is made. The server and the test host both drive `respond`.
public final class Application: Sendable {
    /// Every route: those of controllers that were found or mounted, and those of `app.route`.
    public let routes: [Route]
    /// The limits as `configure` left them.
    public let limits: Limits
    /// The application's logger. In a request use `ctx.logger`, whose lines name the request.
    public var logger: Logger { environment.logger }
    /// The time of day, for code that runs outside a request; in a test, what the test's clock makes of it.
    public var now: Date { environment.wall.now }
    /// The live streams, for code that runs outside a request.
    public var sse: EventHub { environment.events }
    /// The middleware of the app, then of its controllers.
    package let middleware: [any Middleware]
    /// One for each event loop, in their order.
    package let executors: [LoopExecutor]
    package let json: JSON
    /// What is done beside the requests.
    package let lifeCycle: LifeCycle
    let environment: ApplicationEnvironment
    private let peerResolver: (any PeerResolver)?
    private let rewrites: [Rewrite]
    private let router: Router
    /// The app's middleware around the answer to what has no route. A route's own chain has that middleware, too.
    private let unrouted: Next

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
        if let problem = builder.messages.problems.first { throw StartupError(problem) }

        limits = builder.limits
        json = JSON(builder.json, isDevelopment: builder.isDevelopment)
        executors = eventLoops.map(LoopExecutor.init)
        let events = try EventHub(
            executors: executors, clock: clock, settings: builder.events, limits: builder.limits,
            logger: builder.logger, json: json)
        builder.services.add(events)
        let services = ServiceRegistry(builder.services)
        try services.makeSingletons()
        let wall = WallClock(of: clock)
        environment = ApplicationEnvironment(
            services: services, events: events, json: json, clock: clock, wall: wall, logger: builder.logger,
            isDevelopment: builder.isDevelopment, messages: builder.messages,
            errorHandlers: builder.errorHandlers, observer: observer)
        // Whoever looks on, looks at an event loop.
        lifeCycle = LifeCycle(
            builder.lifeCycle, services: services, sse: events, logger: builder.logger, clock: clock,
            timeout: builder.limits.backgroundTimeout, executor: observer == nil ? nil : executors.first)
        let factory = MiddlewareFactory(ServiceResolver(registry: services, scope: nil), clock: clock)
        let appMiddleware = try factory.make(builder.middleware)
        try appMiddleware.checkPlaces()
        let table = try RouteTable(builder, middleware: appMiddleware, factory, services: services)
        routes = table.routes
        middleware = appMiddleware + table.middleware
        for case let timed as any TimedMiddleware in middleware { timed.follow(clock, wall: wall) }
        for case let streaming as any StreamingMiddleware in middleware { streaming.follow(events) }

        try builder.peerResolver?.check()
        peerResolver = builder.peerResolver
        rewrites = builder.rewrites
        router = Router(trie: table.trie)
        unrouted = appMiddleware.wrapped(around: router)
    }

    /// What a request is answered with: its route is known from here on, to all middleware.
    package func context(request: Request, client: ClientInfo, eventLoop: any EventLoop) -> Context {
        guard let peerResolver, let told = peerResolver.resolve(request, from: client) else {
            return routed(request, client, eventLoop)
        }
        return routed(told.request, told.client, eventLoop)
    }

    private func routed(_ request: Request, _ client: ClientInfo, _ eventLoop: any EventLoop) -> Context {
        let request = rewrites.isEmpty ? request : rewritten(request)
        let match = router.match(request)
        // From the first byte on, whoever reads it; middleware may set another.
        request.body.limit(to: match?.route.action.maxBodyBytes ?? limits.maxBodyBytes)
        return Context(request: request, client: client, match: match, environment: environment, eventLoop: eventLoop)
    }

    private func rewritten(_ request: Request) -> Request {
        rewrites.reduce(request) { request, rewrite in
            guard let target = rewrite(request) else { return request }
            return Request(
                method: request.method, target: target, scheme: request.scheme, prefix: request.prefix,
                headers: request.headers, body: request.body)
        }
    }

    /// Answers a request; whatever goes wrong is a response too.
    ///
    /// What needs no waiting is answered there and then: a synchronous action behind immediate middleware costs no task.
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
        // The rule, told from the others with one comparison.
        let isGet = ctx.request.method == .get
        let chain = (isGet ? nil : router.preflight(ctx.request)) ?? ctx.match?.route.chain ?? unrouted
        let answer = ctx.logging { chain.answer(ctx) }.closingScope(of: ctx, isLast: true)
        let complete = isGet ? answer : router.complete(answer, ctx)
        let prefix = ctx.request.prefix
        return prefix.isEmpty ? complete : complete.map(ctx) { $0.putLocations(under: prefix) }
    }
}
