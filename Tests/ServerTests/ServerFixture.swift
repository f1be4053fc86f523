import Martlet
import MartletCore
import MartletServer
import NIOPosix
import Synchronization
import Testing

/// Serves the probe app on a free port while the test runs.
///
/// - Parameter sendBufferBytes: what the kernel holds for a peer that does not read; nil for as much as it likes.
func withServer(
    limits: (inout Limits) -> Void = { _ in }, threads: Int = 1, sendBufferBytes: Int? = nil,
    _ test: (RunningServer) async throws -> Void
) async throws {
    let probe = Probe()
    let configure = { (app: inout AppBuilder) in
        // A test that ends with requests under way does not wait for them.
        app.limits.shutdownTimeout = .zero
        limits(&app.limits)
        app.logger.logLevel = .critical
        app.services.add(probe)
    }
    let server: Server
    if let sendBufferBytes {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let application = try Application(ProbeApp(), eventLoops: Array(group.makeIterator()), configure: configure)
        server = try await Server(application, .init(port: 0), group, sendBufferBytes: sendBufferBytes)
    } else {
        server = try await Server.start(ProbeApp(), at: .init(port: 0), threads: threads, configure: configure)
    }
    let running = RunningServer(server: server, probe: probe)
    do {
        try await test(running)
    } catch {
        await running.shutDown()
        throw error
    }
    await running.shutDown()
}

/// A server of the probe app, with what its actions tell the test.
final class RunningServer: Sendable {
    let server: Server
    let probe: Probe
    private let isShutDown = Mutex(false)

    init(server: Server, probe: Probe) {
        self.server = server
        self.probe = probe
    }

    func connect(receiveBuffer: Int? = nil) throws -> RawSocket {
        try RawSocket(port: server.address.port, receiveBuffer: receiveBuffer)
    }

    func shutDown() async {
        let isFirst = isShutDown.withLock { isShutDown in
            defer { isShutDown = true }
            return !isShutDown
        }
        if isFirst { await server.shutDown() }
    }

    /// A new connection gets a good answer: the server is alive.
    func expectGoodAnswer(sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws {
        let socket = try connect()
        try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try await socket.response()
        #expect(response.status == 200, sourceLocation: sourceLocation)
        #expect(response.text == "Hello", sourceLocation: sourceLocation)
    }
}
