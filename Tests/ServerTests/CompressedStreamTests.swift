import GzipReader
import Martlet
import Testing

@Controller("gzip-probe")
struct GzipProbeController {
    /// GET /gzip-probe/stream
    func stream(_ ctx: Context) -> EventStream { ctx.sse.open(user: "u", isCompressed: true) }

    /// POST /gzip-probe/say, and how: to everyone, the user, or each client
    @POST func say(message: String, to audience: String, isSecret: Bool, _ ctx: Context) throws {
        let event = ServerSentEvent(data: message, isCompressible: !isSecret)
        switch audience {
        case "user": try ctx.sse.post(event, to: .user("u"))
        case "clients":
            for client in ctx.sse.clients { try client.send(event) }
        default: try ctx.sse.post(event, to: .everyone)
        }
    }

    /// POST /gzip-probe/burst: many events in one go, every third one a secret
    @POST func burst(secret: String, count: Int, _ ctx: Context) throws {
        for number in 0..<count {
            let text = "\(number) " + (number.isMultiple(of: 3) ? secret : String(repeating: "again ", count: 20))
            let event = ServerSentEvent(data: text, isCompressible: !number.isMultiple(of: 3))
            try ctx.sse.post(event, to: .everyone)
        }
    }

    /// POST /gzip-probe/end
    @POST func end(_ ctx: Context) {
        ctx.sse.closeAll()
    }
}

/// Streams with gzip as they are on the wire, from several points at which clients join.
@Suite(.timeLimit(.minutes(2))) struct CompressedStreamTests {
    private func post(_ path: String, _ body: String, _ server: RunningServer) async throws {
        let socket = try server.connect()
        try await socket.send(
            "POST /gzip-probe/\(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(try await socket.response().status == 204)
    }

    private func join(_ accepted: String, _ server: RunningServer) async throws -> RawSocket {
        let before = try await server.clientCount()
        let socket = try server.connect()
        try await socket.send("GET /gzip-probe/stream HTTP/1.1\r\nHost: a\r\nAccept-Encoding: \(accepted)\r\n\r\n")
        while try await server.clientCount() == before {}
        return socket
    }

    private func data(of text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
    }

    @Test func `clients that join at any point get whole gzip streams with correct trailers`() async throws {
        try await withServer(threads: 2) { server in
            let filler = String(repeating: "open ", count: 100)
            var sockets: [(socket: RawSocket, joinedAt: Int, isGzip: Bool)] = []
            var all: [String] = []
            for (round, audience) in ["everyone", "user", "clients", "everyone"].enumerated() {
                sockets.append((try await join("gzip", server), all.count, true))
                sockets.append((try await join("identity", server), all.count, false))
                for isSecret in [false, true] {
                    let text = "\(round) \(isSecret ? "token-4711-\(round)" : filler)"
                    let body = "message=\(text)&to=\(audience)&isSecret=\(isSecret)".replacing(" ", with: "+")
                    try await post("say", body, server)
                    all.append(text)
                }
            }
            sockets.append((try await join("br, gzip", server), all.count, true))
            try await post("burst", "secret=hunter2&count=30", server)
            all += (0..<30).map {
                "\($0) " + ($0.isMultiple(of: 3) ? "hunter2" : String(repeating: "again ", count: 20))
            }
            try await post("end", "", server)
            for (socket, joinedAt, isGzip) in sockets {
                let response = try await socket.response()
                #expect(response.status == 200)
                #expect(response["Content-Encoding"] == (isGzip ? "gzip" : nil))
                #expect(response["Vary"]?.lowercased().contains("accept-encoding") == true)
                let text = isGzip ? String(decoding: try Gzip.inflated(response.body), as: UTF8.self) : response.text
                #expect(data(of: text).map(String.init) == Array(all[joinedAt...]))
                guard isGzip else { continue }
                // Secrets stand in the stream as they are: nothing about them shows in a length.
                let bytes = String(decoding: response.body, as: UTF8.self)
                #expect(bytes.contains("hunter2"))
                #expect(joinedAt > 0 || bytes.contains("token-4711-0"))
            }
        }
    }
}
