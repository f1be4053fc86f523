import Testing

@testable import MartletServer

/// What a peer sends, and how it leaves, while an event stream goes on.
@Suite(.timeLimit(.minutes(1))) struct PeerDuringStreamTests {
    /// More than the kernels of both sides hold.
    private static let flood = 64 * 1024 * 1024

    /// Opens a stream and sends until the server takes no more.
    private func flooded(_ server: RunningServer) async throws -> (socket: RawSocket, byteCount: Int) {
        let socket = try server.connect()
        try await socket.send("GET /probe/feed HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try await socket.until(":\n")
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
        var (sent, refusals) = (0, 0)
        while refusals < 200, sent < Self.flood {
            let count = socket.sendWithoutWaiting(bytes)
            sent += count
            if count > 0 {
                refusals = 0
            } else {
                refusals += 1
                // The loop has had its turn, and reads if it wants to.
                try await server.server.checkTime(.now())
            }
        }
        return (socket, sent)
    }

    private func broadcast(_ text: String, _ server: RunningServer) async throws {
        let sender = try server.connect()
        let body = "message=\(text)"
        try await sender.send(
            "POST /probe/broadcast HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
        _ = try await sender.response()
    }

    @Test func `a flood is not read beyond its bound, and the stream goes on`() async throws {
        try await withServer { server in
            let (socket, byteCount) = try await flooded(server)
            #expect(byteCount < Self.flood)
            try await broadcast("still-there", server)
            _ = try await socket.until("data: still-there\n")
        }
    }

    @Test func `where the connection is to end, what comes is dropped and not kept`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/feed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            _ = try await socket.until(":\n")
            try await socket.send([UInt8](repeating: UInt8(ascii: "x"), count: 32 * 1024 * 1024))
            try await broadcast("still-there", server)
            _ = try await socket.until("data: still-there\n")
        }
    }

    @Test(arguments: [true, false])
    func `a peer that leaves is noticed at once, whatever it has sent before`(hasSentMore: Bool) async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/feed HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await socket.until(":\n")
            if hasSentMore { try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n") }
            socket.close()
            await server.probe.streamClosed.wait()
        }
    }

    @Test func `one that is not being read any more is noticed when it breaks off`() async throws {
        try await withServer { server in
            try await flooded(server).socket.reset()
            await server.probe.streamClosed.wait()
        }
    }

    /// Its end stands behind what is not read: it is found with the next that is sent.
    @Test func `one that is not being read any more is noticed with the next event when it closes`() async throws {
        try await withServer { server in
            try await flooded(server).socket.close()
            try await broadcast("nobody", server)
            await server.probe.streamClosed.wait()
        }
    }
}
