import Martlet
import NIOCore
import NIOPosix
import Testing

@testable import MartletServer

/// Calls that wait for the peer end with their task, and do not wait until the peer acts.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    private func withWaiting(_ test: (RunningServer) async throws -> Void) async throws {
        let probe = Probe()
        let server = try await Server.start(WaitingApp(), at: .init(port: 0), threads: 1) { app in
            app.limits.shutdownTimeout = .zero
            app.logger.logLevel = .critical
            app.services.add(probe)
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

    @Test(
        arguments: ["collect", "iterate", "iterate-elsewhere"], ["Content-Length: 10", "Transfer-Encoding: chunked"])
    func `who reads a body`(action: String, framing: String) async throws {
        try await withWaiting { server in
            let socket = try server.connect()
            let begun = framing.hasPrefix("C") ? "hello" : "5\r\nhello\r\n"
            try await socket.send("POST /waiting/\(action) HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n" + begun)
            #expect(try await socket.response().text == "CancellationError()")
        }
    }

    @Test func `a reader that was cancelled has taken nothing from the next one`() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let feed = RequestBodyFeed(eventLoop: loop)
        let asked = Signal()
        try await loop.submit { feed.onDemand = { asked.fire() } }.get()
        let cancelled = Task { try await feed.next() }
        await asked.wait()
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        try await loop.submit {
            feed.receive(ByteBuffer(string: "hello"))
            feed.complete()
        }.get()
        #expect(try await feed.next() == ByteBuffer(string: "hello"))
        #expect(try await feed.next() == nil)
    }

    @Test(arguments: ["write", "write-elsewhere"])
    func `who writes a body that its peer does not take`(action: String) async throws {
        try await withWaiting { server in
            let socket = try server.connect(receiveBuffer: 4096)
            try await socket.send("GET /waiting/\(action) HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.cancelled.wait()
            #expect(server.probe.failure.withLock { $0 } == "CancellationError()")
            withExtendedLifetime(socket) {}
        }
    }

    @Test func `who begins to write when cancelled writes nothing`() async throws {
        try await withWaiting { server in
            let socket = try server.connect()
            try await socket.send("GET /waiting/late HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await socket.response()
            #expect(response.text == "CancellationError()")
        }
    }
}

private struct WaitingApp: App {
    func configure(_ app: inout AppBuilder) throws { app.controllers(WaitingController.self) }
}

/// Starts a call that waits, cancels it, and says what has become of it.
@Controller("waiting")
struct WaitingController {
    let probe: Probe

    /// The call runs on the same event loop, and so waits by the time that it is cancelled.
    private func cancelled(_ call: @escaping @Sendable () async throws -> Void) async -> String {
        await withTaskGroup(of: String.self) { group in
            group.addTask {
                do {
                    try await call()
                    return "returned"
                } catch {
                    return "\(error)"
                }
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? ""
        }
    }

    /// The same for a task that runs anywhere.
    private func cancelledElsewhere(_ call: @escaping @Sendable () async throws -> Void) async -> String {
        await cancelled {
            let task = Task.detached { try await call() }
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    @POST func collect(_ ctx: Context) async throws -> String {
        await cancelled { _ = try await ctx.request.body.collect() }
    }

    @POST func iterate(_ ctx: Context) async throws -> String {
        await cancelled { for try await _ in ctx.request.body {} }
    }

    @POST("iterate-elsewhere") func iterateElsewhere(_ ctx: Context) async throws -> String {
        await cancelledElsewhere { for try await _ in ctx.request.body {} }
    }

    @GET func write() -> Response {
        Response(body: .stream { writer in note(await cancelled { try await endlessly(writer) }) })
    }

    @GET("write-elsewhere") func writeElsewhere() -> Response {
        Response(body: .stream { writer in note(await cancelledElsewhere { try await endlessly(writer) }) })
    }

    @GET func late() -> Response {
        Response(
            body: .stream { writer in
                let ended = await withTaskGroup(of: String.self) { group in
                    group.cancelAll()
                    group.addTask {
                        do {
                            try await writer.write("too late")
                            return "returned"
                        } catch {
                            return "\(error)"
                        }
                    }
                    return await group.next() ?? ""
                }
                try await writer.write(ended)
            })
    }

    private func endlessly(_ writer: BodyWriter) async throws {
        let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 * 1024)
        while true { try await writer.write(chunk) }
    }

    private func note(_ ended: String) {
        probe.failure.withLock { $0 = ended }
        probe.cancelled.fire()
    }
}
