import Martlet
import NIOCore
import Testing

@testable import MartletServer

/// The connection behind an event stream that has ended: it goes on to the next request, or its head has said otherwise.
@Suite(.timeLimit(.minutes(2))) struct StreamKeepAliveTests {
    /// Each way in which this side ends a stream, by the action that does, and the last that its client hears.
    static let endings: [(name: String, action: String, last: String)] = [
        ("its body is over", "body", "data: over\n\n"), ("its sequence is over", "sequence", "data: 3\n\n"),
        ("its body throws", "failing", "event: martlet.error\n"), ("its task is done", "progress", "event: complete\n"),
        ("its body closes it", "closing", "data: closing\n"), ("it is closed by its id", "by-id", "data: by id\n"),
        ("it is sent away", "away", "event: martlet.close\n"), ("all are closed", "all", "data: all\n"),
        ("it is compressed", "compressed", ""),
    ]

    private static let next = "GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: endings.indices, [true, false])
    func `a connection goes on to its next request`(row: Int, isPipelined: Bool) async throws {
        let (name, action, last) = Self.endings[row]
        try await withServer { server in
            let socket = try server.connect()
            let request = "GET /ending/\(action) HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
            for round in 1...3 {
                try await socket.send(isPipelined ? request + Self.next : request)
                let stream = try await socket.response()
                #expect(stream.status == 200, "\(name)")
                #expect(stream["Connection"] == nil)
                if !last.isEmpty { #expect(stream.text.contains(last), "\(name), round \(round): \(stream.text)") }
                if !isPipelined { try await socket.send(Self.next) }
                #expect(try await socket.response().text == "Hello", "\(name), round \(round)")
            }
        }
    }

    @Test(arguments: endings.indices)
    func `a connection that is to end is said to, and does`(row: Int) async throws {
        let (name, action, _) = Self.endings[row]
        try await withServer { server in
            let old = try server.connect()
            try await old.send("GET /ending/\(action) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + Self.next)
            let all = try await old.untilClosed()
            #expect(all.contains("Connection: close\r\n") && !all.contains("Hello"), "\(name)")
            let asked = try server.connect()
            try await asked.send(
                "GET /ending/\(action) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + Self.next)
            let closed = try await asked.untilClosed()
            #expect(closed.contains("Connection: close\r\n") && !closed.contains("Hello"), "\(name)")
        }
    }

    @Test func `a stream that begins before its request's body is whole ends its connection, and says so`() async throws
    {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("POST /ending/posted HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
            let all = try await socket.untilClosed()
            #expect(all.contains("Connection: close\r\n"))
            #expect(all.contains("data: posted\n"))
        }
    }

    @Test func `requests that come during a stream wait, and no more than fit`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            try await socket.send("GET /probe/export?events=1&size=10 HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in 0..<50 { try await socket.send(Self.next) }
            #expect(try await socket.response().text.contains("data: 1 "))
            for _ in 0..<50 { #expect(try await socket.response().text == "Hello") }
        }
    }
}

/// Streams that end, each in its own way.
@Controller("ending")
struct EndingController {
    @GET func body(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "over") } }

    @GET func sequence() -> AsyncStream<String> {
        AsyncStream { numbers in
            for number in 1...3 { numbers.yield("\(number)") }
            numbers.finish()
        }
    }

    @GET func failing(_ ctx: Context) -> EventStream { ctx.sse.stream { _ in throw HTTPError(.conflict) } }

    @GET func progress(_ ctx: Context) -> EventStream { ctx.sse.progress { try $0.report(50) } }

    @GET func closing(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            try client.send(data: "closing")
            client.close()
        }
    }

    @GET("by-id") func byID(_ ctx: Context) -> EventStream {
        ctx.sse.open { [hub = ctx.sse] client in
            try client.send(data: "by id")
            hub.closeClient(client.id)
        }
    }

    @GET func away(_ ctx: Context) -> EventStream {
        ctx.sse.open { [hub = ctx.sse] client in hub.closeClient(client.id, reconnect: false) }
    }

    @GET func all(_ ctx: Context) -> EventStream {
        ctx.sse.open { [hub = ctx.sse] client in
            try client.send(data: "all")
            hub.closeAll()
        }
    }

    @GET func compressed(_ ctx: Context) -> EventStream {
        ctx.sse.stream(isCompressed: true) { try $0.send(data: "compressed") }
    }

    @POST func posted(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "posted") } }
}
