import NIOCore
import Testing

@testable import MartletServer

/// How event streams end that this side ends: the peer gets the rest, for as long as it takes any of it.
@Suite(.timeLimit(.minutes(2))) struct StreamEndTests {
    /// Far more than fits into the buffers of both kernels.
    private static let count = 18
    private static let size = 50_000
    private static let target = "/probe/export?events=\(count)&size=\(size)"
    private static let bufferBytes = 32 * 1024

    /// Opens the stream, and returns when it has ended on the application's side.
    private func export(_ server: RunningServer) async throws -> RawSocket {
        let socket = try server.connect(receiveBuffer: Self.bufferBytes)
        try await socket.send("GET \(Self.target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await server.probe.streamClosed.wait()
        #expect(try await server.mostUnwrittenBytes() > 500_000)
        return socket
    }

    @Test func `a slow reader gets everything to the last event`() async throws {
        try await withServer(limits: { $0.keepAliveTimeout = .seconds(1000) }, sendBufferBytes: Self.bufferBytes) {
            server in
            let socket = try await export(server)
            for number in 1...Self.count {
                for _ in 1...100 { try await server.server.checkTime(.now() + .seconds(Int64(5 * number))) }
                _ = try await socket.until("data: \(number) " + String(repeating: "x", count: Self.size))
            }
            #expect(try await socket.untilClosed().hasSuffix("\r\n0\r\n\r\n"))
        }
    }

    /// What waits in this process shrinks only when the kernel has room again, and that may hold megabytes.
    @Test func `a reader who takes little at a time is seen to take it`() async throws {
        try await withServer(limits: { $0.keepAliveTimeout = .seconds(120) }, sendBufferBytes: 1024 * 1024) { server in
            let socket = try server.connect(receiveBuffer: Self.bufferBytes)
            try await socket.send("GET /probe/big?size=4000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            _ = try await socket.until("\r\n\r\n")
            var taken = 0
            while let bytes = try await socket.receive() {
                taken += bytes.count
                for _ in 1...10 { try await server.server.checkTime(.now()) }
            }
            #expect(taken == 4_000_000)
        }
    }

    @Test(arguments: [Self.target, "/probe/big?size=60000"])
    func `a reader who takes nothing has as long as an idle connection`(target: String) async throws {
        try await withServer(limits: { $0.keepAliveTimeout = .seconds(1000) }, sendBufferBytes: 4096) { server in
            let socket = try server.connect(receiveBuffer: 4096)
            try await socket.send("GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            while try await server.mostUnwrittenBytes() == 0 {}
            for _ in 0..<500 { try await server.server.checkTime(.now() + .seconds(1000)) }
            #expect(try await server.mostUnwrittenBytes() > 0)
            // The kernels may still move some bytes at first.
            while try await server.mostUnwrittenBytes() > 0 { try await server.server.checkTime(.now()) }
            try await server.expectGoodAnswer()
        }
    }

    @Test func `a shutdown waits two seconds for a stream's reader who takes nothing`() async throws {
        try await withServer(
            limits: {
                $0.keepAliveTimeout = .seconds(1_000_000_000)
                $0.shutdownTimeout = .seconds(60)
                $0.drainWindow = .zero
            }, sendBufferBytes: Self.bufferBytes
        ) { server in
            // One ended before, one is ended by the shutdown.
            let ended = try await export(server)
            let open = try server.connect(receiveBuffer: Self.bufferBytes)
            try await open.send("GET /probe/events HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await open.until("data: 2\n")
            let sender = try server.connect()
            let body = "message=" + String(repeating: "x", count: 900_000)
            try await sender.send(
                "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
            #expect(try await sender.response().text == "1")
            // Keeps the server up until the test is through.
            let last = try server.connect()
            try await last.send("GET /probe/wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            for _ in 0..<100 { try await server.server.checkTime(.now()) }
            #expect(try await server.mostUnwrittenBytes() > 500_000)
            async let end: Void = server.shutDown()
            // The drain has begun when the idle connection is closed.
            #expect(try await sender.receive() == nil)
            while try await server.mostUnwrittenBytes() > 0 { try await server.server.checkTime(.now()) }
            server.probe.gate.fire()
            #expect(try await last.response().text == "waited")
            await end
            withExtendedLifetime((ended, open)) {}
        }
    }
}
