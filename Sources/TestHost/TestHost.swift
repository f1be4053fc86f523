import HTTPTypes
import MartletCore
import MartletServer
import NIOCore
import NIOPosix
import Synchronization

/// An application in the test's own process, with no waiting: requests go through the same `Application.respond` as the
/// server's, by a call or over a socket, and time passes when the test says so.
///
///     let host = try TestHost(ExampleApp())
///     let alice = try await host.client(user: "1", session: ["username": "Alice"])
///     let chat = try await alice.stream("/chat/stream")
///     try await chat.expect("system")
public final class TestHost: Sendable {
    /// How time passes for the application.
    public enum Time: Sendable {
        /// It stands still until `clock.advance(by:)`.
        case manual
        /// It goes on by itself.
        case live
    }

    /// The application's clock.
    public let clock: ManualClock
    /// What answers the requests: a test may look at its routes, its services and its streams.
    public let application: Application
    /// How requests reach the application, as the host was made with.
    public let transport: Transport
    /// How time passes, as the host was made with.
    public let time: Time
    let executor: LoopExecutor
    let monitor: ActivityMonitor
    let wire: any TestWire
    private let patienceSetting = Mutex(Duration.seconds(2))

    /// - Parameters:
    ///   - transport: how requests reach the application.
    ///   - time: whether time passes by itself.
    ///   - configure: the last word after the app's own configuration, to put other services in its place.
    /// - Throws: `StartupError` as the server would.
    public init(
        _ app: some App, over transport: Transport = .standard, time: Time = .manual,
        configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws {
        let clock = ManualClock(isLive: time == .live)
        let monitor = ActivityMonitor()
        // A server shuts its loops down.
        let group = transport == .loopback ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : nil
        let loop = group?.next() ?? MultiThreadedEventLoopGroup.singleton.next()
        do {
            application = try Application(app, eventLoops: [loop], clock: clock, observer: monitor) { builder in
                try configure(&builder)
                monitor.capture(&builder.logger)
            }
        } catch {
            group?.shutdownGracefully { _ in }
            throw error
        }
        self.clock = clock
        self.monitor = monitor
        self.transport = transport
        self.time = time
        executor = application.executors[0]
        wire =
            if let group {
                LoopbackWire(application, group, monitor)
            } else {
                InProcessWire(application, executor, monitor)
            }
        clock.betweenSteps { [weak self] in await self?.settle() }
    }

    /// An application of these controllers alone.
    ///
    /// - Parameters:
    ///   - services: what the controllers need. A property of a controller gets the one that has its type, else the one that
    ///     can stand for it: a `Mailbox` for `any Mailer`.
    ///   - middleware: around every request, the first outermost.
    ///   - configure: what else there is to say.
    public convenience init(
        controllers: any Controller.Type..., services: any Sendable..., middleware: any Middleware...,
        over transport: Transport = .standard, time: Time = .manual,
        configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws {
        try self.init(ControllersOnly(), over: transport, time: time) { builder in
            builder.controllers(controllers)
            builder.services.add(services, for: controllers)
            for middleware in middleware { builder.use(middleware) }
            try configure(&builder)
        }
    }

    deinit {
        // A server's end is the application's, too, and may have been before.
        if transport == .inProcess {
            application.sse.stop()
            application.sse.closeAll()
            if !application.lifeCycle.isEmpty { Task { [application] in await application.lifeCycle.end() } }
        }
        wire.close()
    }

    /// Does what the app does before it listens: `app.onStart`, and its background work begins. The first request, or time
    /// that passes, does it as well.
    ///
    /// - Throws: `StartupError` as the server would.
    public func start() async throws {
        guard !application.lifeCycle.isEmpty else { return }
        try await application.lifeCycle.start()
        await settle()
    }

    /// Shuts the app down as the server would: ends the streams and the background work, and does what `app.onShutdown` says.
    /// A host that nobody shuts down does so when it goes.
    public func shutDown() async {
        if let wire = wire as? LoopbackWire {
            try? await wire.server.shutDown()
        } else {
            application.sse.stop()
            application.sse.closeAll()
            await settle()
            await application.lifeCycle.end()
        }
    }

    /// The most real time that a test waits for what does not move: a request that somebody holds up, an event that does not
    /// come. Only tests that fail wait for so long.
    public var patience: Duration {
        get { patienceSetting.withLock { $0 } }
        set { patienceSetting.withLock { $0 = newValue } }
    }

    /// Lets time pass: whoever sleeps wakes in the order of the deadlines, and what they do is done when this returns.
    public func advance(by duration: Duration) async {
        // What fails is told by the next request.
        try? await start()
        await clock.advance(by: duration)
    }

    /// What the application has logged, whichever request it was for.
    public var log: [LogLine] { monitor.log.lines }

    /// The routes as a table, sorted by path. It is what the command `routes` prints, less the places in the source, which
    /// change with every edit.
    public var routeTable: String { application.routeListing(showsLocations: false) }

    /// Where the application listens, for clients that are not this host's.
    ///
    /// - Throws: `TestHostError` for a host in process, which does not listen.
    public var address: Server.Address {
        get async throws {
            guard let wire = wire as? LoopbackWire else {
                throw TestHostError("A host in process has no address: make it with over: .loopback.")
            }
            return try await wire.server.address
        }
    }
}

/// A test asked of its host what cannot be done.
public struct TestHostError: Error, CustomStringConvertible {
    /// What was asked, and how to ask for it.
    public let description: String
    init(_ description: String) { self.description = description }
}

/// What stands for an app where a test names its controllers.
private struct ControllersOnly: App {
    func configure(_ app: inout AppBuilder) {}
}
