import Logging
import MartletCore
import NIOCore
import NIOPosix
import Synchronization

/// Serves an application over HTTP/1.1: the only part that opens sockets.
public final class Server: Sendable {
    /// Where to listen.
    public struct Address: Sendable, CustomStringConvertible {
        /// A name or an address, an address of IPv6 without brackets: by default only this machine can connect.
        public var host: String
        /// 0 for any that is free.
        public var port: Int

        /// - Parameter host: a name or an address; one of IPv6 with or without its brackets.
        public init(host: String = "127.0.0.1", port: Int = 8080) {
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
            self.host = isBracketed ? String(host.dropFirst().dropLast()) : host
            self.port = port
        }

        /// As the URL of the root, `http://[::1]:8080`.
        public var description: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    /// The address that was bound, with the port that was chosen for 0.
    public let address: Address
    private let application: Application
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let connections: ConnectionCounter
    private let loops: [EventLoopState]
    private let areLoopsOver = Atomic<Bool>(false)

    /// Binds and begins to serve.
    ///
    /// - Parameter threads: the event loops, by default one for each core.
    /// - Throws: `StartupError` in a sentence when the address cannot be bound, the application cannot be put together, or what
    ///   it does at its start fails.
    public static func start(
        _ app: some App, at address: Address = Address(), threads: Int = System.coreCount,
        configure: (inout AppBuilder) throws -> Void = { _ in }
    ) async throws -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        do {
            let taken = await conflict(at: address, group)
            let application: Application
            do {
                application = try Application(app, eventLoops: Array(group.makeIterator()), configure: configure)
            } catch {
                throw taken.map { StartupError("\($0) \(error)") } ?? error
            }
            return try await Server(application, address, group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// What is wrong with the address before the application is put together. It may wait for the process that has the
    /// address and is about to end; where it waits in vain, this is the better reason.
    private static func conflict(at address: Address, _ group: MultiThreadedEventLoopGroup) async -> StartupError? {
        guard address.port != 0 else { return nil }
        let bootstrap = ServerBootstrap(group: group).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        do {
            try await bootstrap.bind(host: address.host, port: address.port).get().close().get()
            return nil
        } catch {
            return startupError(error, at: address)
        }
    }

    private static func startupError(_ error: any Error, at address: Address) -> StartupError {
        guard let error = error as? IOError else { return StartupError("Cannot listen on \(address): \(error).") }
        return StartupError(sentence(for: error, at: address))
    }

    /// Serves an application that exists.
    ///
    /// - Parameters:
    ///   - group: whose loops the application was made for. It is shut down with the server.
    ///   - sendBufferBytes: what the kernel holds for a peer that does not read; nil for as much as it likes.
    package init(
        _ application: Application, _ address: Address, _ group: MultiThreadedEventLoopGroup,
        sendBufferBytes: Int? = nil
    ) async throws {
        let room = OpenFileLimit.raise()
        let loops = application.executors.map(EventLoopState.init)
        let byLoop = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.executor.eventLoop), $0) })
        let connections = ConnectionCounter(limit: min(application.limits.maxConnections, room.connections))
        let all = AcceptCounter(limit: room.connections + room.refusals)
        // Before it listens: who connects finds everything there.
        try await application.lifeCycle.start()
        for loop in loops { try await loop.executor.eventLoop.submit { loop.start() }.get() }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(application.limits.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: UInt(min(64, room.refusals)))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(all))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let sendBufferBytes {
                        let size = SocketOptionValue(sendBufferBytes)
                        try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: size)
                    }
                    guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else { return }
                    try Self.configure(channel, loop, application, connections)
                }
            }
        do {
            listener = try await bootstrap.bind(host: address.host, port: address.port).get()
        } catch {
            await application.lifeCycle.end()
            throw Self.startupError(error, at: address)
        }
        self.address = Address(host: address.host, port: listener.localAddress?.port ?? address.port)
        self.application = application
        self.group = group
        self.connections = connections
        self.loops = loops
        application.sse.start()
    }

    private static func configure(
        _ channel: any Channel, _ loop: EventLoopState, _ application: Application, _ connections: ConnectionCounter
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        guard let id = connections.admit() else {
            try pipeline.addHandler(OverloadedHandler(date: loop.date))
            return
        }
        channel.closeFuture.whenComplete { _ in connections.leave() }
        try pipeline.addHandler(Connection(id: id, application: application, loop: loop))
    }

    private static func sentence(for error: IOError, at address: Address) -> String {
        switch error.errnoCode {
        case EADDRINUSE: "Port \(address.port) on \(address.host) is already in use."
        case EACCES: "Port \(address.port) on \(address.host) needs rights that this process does not have."
        case EADDRNOTAVAIL: "\(address.host) is not an address of this machine."
        default: "Cannot listen on \(address): \(error.localizedDescription)."
        }
    }

    /// Ends the service: takes no new connections, says farewell to the streams, lets requests finish and the store take
    /// the events that were handed over, and after `limits.drainWindow` and `limits.shutdownTimeout` closes whatever is left.
    /// Then it ends the background work and does what `app.onShutdown` says.
    public func shutDown() async {
        let clock = ContinuousClock()
        let deadline = clock.now + application.limits.drainWindow + application.limits.shutdownTimeout
        try? await listener.close().get()
        guard !areLoopsOver.load(ordering: .relaxed) else { return }
        for loop in loops { loop.executor.eventLoop.execute { loop.drain() } }
        await application.sse.shutDown()
        while connections.count > 0 || application.sse.isStoring, clock.now < deadline {
            try? await clock.sleep(for: .milliseconds(10))
        }
        if application.sse.isStoring { application.logger.error("the store of events was not done in time") }
        await endLoops()
    }

    /// Once: a loop that is shut down takes no work any more.
    private func endLoops() async {
        await application.lifeCycle.end()
        guard !areLoopsOver.exchange(true, ordering: .relaxed) else { return }
        for loop in loops { loop.executor.eventLoop.execute { loop.stop() } }
        try? await group.shutdownGracefully()
    }
}

extension Server {
    /// Ends the service at once, with whatever is open.
    package func stop() async {
        application.sse.stop()
        await endLoops()
    }

    /// Has every connection look at the time, as the timers of the loops do once a second.
    func checkTime(_ now: NIODeadline) async throws {
        for loop in loops { try await loop.executor.eventLoop.submit { loop.checkTime(now) }.get() }
    }

    /// The open connections by their peers' ports: how many bytes are on their way to each, not acknowledged.
    package func bytesUnderWay() async throws -> [Int: Int] {
        var all: [Int: Int] = [:]
        for loop in loops {
            all.merge(try await loop.executor.eventLoop.submit { loop.bytesUnderWay }.get()) { $1 }
        }
        return all
    }

    /// The most bytes that wait for one peer to read.
    func mostUnwrittenBytes() async throws -> Int {
        var most = 0
        for loop in loops {
            most = max(most, try await loop.executor.eventLoop.submit { loop.mostUnwrittenBytes }.get())
        }
        return most
    }
}

/// Counts the connections of all loops and gives each its number.
final class ConnectionCounter: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)
    private let lastID = Atomic<UInt64>(0)

    init(limit: Int) { self.limit = limit }

    var count: Int { open.load(ordering: .relaxed) }

    /// - Returns: the connection's number, nil when there are too many.
    func admit() -> UInt64? {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            open.subtract(1, ordering: .relaxed)
            return nil
        }
        return lastID.add(1, ordering: .relaxed).newValue
    }

    func leave() { open.subtract(1, ordering: .relaxed) }
}
