import NIOCore
import Synchronization
import Testing

@testable import MartletServer

/// Responses written while they are made (RFC 9112 section 7.1).
@Suite(.timeLimit(.minutes(2))) struct StreamedResponseTests {
    @Test func `a stream of unknown length is chunked, and the connection goes on behind it`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            for _ in 0..<2 {
                try await socket.send("GET /probe/chunks?n=3 HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await socket.response()
                #expect(response["Transfer-Encoding"] == "chunked")
                #expect(response.chunks == [8, 8, 8])
                #expect(response.text == "chunk 0\nchunk 1\nchunk 2\n")
            }
        }
    }

    @Test func `a stream of known length is not chunked`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/sized HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await socket.response()
            #expect(response["Content-Length"] == "10")
            #expect(response["Transfer-Encoding"] == nil)
            #expect(response.text == "0123456789")
        }
    }

    @Test(arguments: [("too-short", "01234"), ("too-long", nil), ("broken", "5\r\nbegun\r\n")])
    func `a body that is not whole breaks the connection off`(_ action: String, _ content: String?) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send(
                "GET /probe/\(action) HTTP/1.1\r\nHost: a\r\n\r\nGET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            let all = try await socket.untilClosed()
            if let content {
                #expect(all.hasSuffix("\r\n\r\n" + content), "neither a last chunk nor a next response: \(all)")
            } else {
                #expect(all.isEmpty)
            }
            try await server.expectGoodAnswer()
        }
    }

    @Test func `others on the loop have their turn while a body is written`() async throws {
        try await withServer(threads: 1) { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/pieces HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().text.hasSuffix("xin turn"))
        }
    }

    @Test func `a writer waits for a reader that has stopped, and goes on with it`() async throws {
        try await withServer { server in
            let socket = try server.connect(receiveBuffer: 64 * 1024)
            try await socket.send("GET /probe/endless HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            let stopped = try await server.writtenBytesWhenStill()
            // The kernel's buffers on both sides, the channel's and one chunk.
            #expect(stopped < 16 * 1024 * 1024, "written for a peer that reads nothing")
            var taken = 0
            while taken < stopped * 2 {
                guard let bytes = try await socket.receive() else { break }
                taken += bytes.count
            }
            #expect(taken >= stopped * 2, "the writer went on")
            socket.close()
            await server.probe.cancelled.wait()
            #expect(server.probe.failure.withLock { $0 } == "CancellationError()")
        }
    }

    /// Often, because the write itself may be the first to find the peer gone.
    @Test(arguments: 0..<20) func `a reset ends the writer as well`(_ round: Int) async throws {
        try await withServer { server in
            let socket = try server.connect(receiveBuffer: 64 * 1024)
            try await socket.send("GET /probe/endless HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            socket.reset()
            await server.probe.cancelled.wait()
        }
    }

    @Test func `responses that nobody reads hold back the requests behind them`() async throws {
        try await withServer { server in
            let socket = try server.connect(receiveBuffer: 64 * 1024)
            let request = "GET /probe/big?size=1000000 HTTP/1.1\r\nHost: a\r\n\r\n"
            try await socket.send(String(repeating: request, count: 200))
            // 200 MB were asked for in one write; the server goes on serving others, and answers as they are read.
            try await server.expectGoodAnswer()
            #expect(try await server.mostUnwrittenBytes() < 8 * 1024 * 1024)
            for _ in 0..<200 { #expect(try await socket.response().body.count == 1_000_000) }
        }
    }

    @Test func `a slow reader gets the whole of a last response`() async throws {
        try await withServer { server in
            let socket = try server.connect(receiveBuffer: 64 * 1024)
            try await socket.send("GET /probe/big?size=20000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            try await server.expectGoodAnswer()
            try await server.server.checkTime(.now() + .seconds(30))
            #expect(try await socket.response().body.count == 20_000_000)
        }
    }

    @Test func `a reader that takes nothing at all is let go in the end`() async throws {
        try await withServer(limits: { $0.keepAliveTimeout = .seconds(20) }) { server in
            let socket = try server.connect(receiveBuffer: 64 * 1024)
            try await socket.send("GET /probe/endless HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.probe.begun.wait()
            _ = try await server.writtenBytesWhenStill()
            for _ in 0..<25 { try await server.server.checkTime(.now()) }
            await server.probe.cancelled.wait()
            try await server.expectGoodAnswer()
        }
    }
}

extension RunningServer {
    /// How much the endless action has written, when it writes no more.
    func writtenBytesWhenStill() async throws -> Int {
        var last = -1
        var unchanged = 0
        while unchanged < 100 {
            let now = probe.bytes.load(ordering: .relaxed)
            unchanged = now == last ? unchanged + 1 : 0
            last = now
            try await expectGoodAnswer()
        }
        return last
    }

    /// The most that waits to be sent on any connection.
    func mostUnwrittenBytes() async throws -> Int { try await server.mostUnwrittenBytes() }
}
