import Foundation
import Martlet
import NIOCore
import Synchronization

// MARK: - 基础推送

@Controller
struct EventsController {
    struct Status: Encodable {
        let time: Date
        let status: String
    }

    /// GET /events
    func index(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            try client.send(event: "message", data: "Hello World", id: "1")
            try client.send(event: "data", data: Status(time: Date(), status: "ok"), id: "2")
        }
    }
}

// MARK: - 广播消息

@Controller
struct NotificationController {
    /// POST /notification/broadcast
    @POST func broadcast(message: String, _ ctx: Context) throws -> Envelope {
        try ctx.sse.post(event: "notification", data: message, to: .everyone)
        return .ok("已广播")
    }

    /// POST /notification/send-to-user
    @POST func sendToUser(userId: String, message: String, _ ctx: Context) throws -> Envelope {
        // Who is told that nobody is there must not have it delivered later.
        guard ctx.sse.isConnected(user: userId) else { return .failed("用户不在线") }
        try ctx.sse.post(event: "private", data: message, to: .user(userId))
        return .ok("已发送")
    }
}

@Controller("account")
struct AccountTokenController {
    /// POST /account/token: a secret, beside a name that somebody else may have chosen
    @POST func token(name: String, _ ctx: Context) throws {
        guard let user = ctx.session["user_id"] else { throw HTTPError(.unauthorized) }
        let token = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let event = ServerSentEvent(event: "token", data: "\(name): \(token)", isCompressible: false)
        try ctx.sse.post(event, to: .user(user))
    }
}

// MARK: - 实时数据流

@Controller
struct MonitorController {
    struct Stats: Encodable {
        let load: Double
        let time: Date
    }

    /// GET /monitor/monitor
    func monitor(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream(isEndless: true) { client in
            var counter = 0
            while client.isConnected {
                counter += 1
                try client.send(event: "stats", data: Stats(load: currentLoad(), time: Date()), id: "\(counter)")
                try await clock.sleep(for: .seconds(1))
            }
        }
    }
}

/// The load average of the last minute.
func currentLoad() -> Double {
    let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    return text?.split(separator: " ").first.flatMap { Double($0) } ?? 0
}

// MARK: - 进度推送

@Controller
struct TaskController {
    struct Progress: Encodable {
        let percent: Int
        let taskId: String
        enum CodingKeys: String, CodingKey { case percent, taskId = "task_id" }
    }

    /// GET and POST /task/run-task
    @GET @POST func runTask(taskId: String, _ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream(takesBroadcasts: false, reconnect: false) { client in
            for percent in stride(from: 0, through: 100, by: 10) {
                try client.send(event: "progress", data: Progress(percent: percent, taskId: taskId))
                try await clock.sleep(for: .milliseconds(500))
            }
            try client.send(event: "complete", data: ["status": "done"])
        }
    }
}

// MARK: - 完整聊天示例

final class Room: Sendable {
    private let names = Mutex<[String]>([])
    var all: [String] { names.withLock { $0 } }
    func join(_ name: String) { names.withLock { $0.append(name) } }
    func leave(_ name: String) {
        names.withLock { names in
            if let index = names.firstIndex(of: name) { names.remove(at: index) }
        }
    }
}

@Controller
struct ChatController {
    let room: Room

    struct Line: Encodable {
        let user: String
        let msg: String
    }

    /// GET /chat/stream
    func stream(_ ctx: Context) throws -> EventStream {
        guard let id = ctx.session["user_id"], let name = ctx.session["username"] else {
            throw HTTPError(.unauthorized, "请先登录")
        }
        return ctx.sse.open(user: id) { [room] client in
            room.join(name)
            try client.send(event: "system", data: ["msg": "欢迎 \(name) 加入聊天室"])
        } onClose: { [room] _ in
            room.leave(name)
        }
    }

    /// POST /chat/send
    @POST func send(message: String, _ ctx: Context) throws -> Envelope {
        guard let name = ctx.session["username"] else { throw HTTPError(.unauthorized, "请先登录") }
        try ctx.sse.post(event: "message", data: Line(user: name, msg: message), to: .everyone)
        return .ok("已发送")
    }
}

// MARK: - 客户端管理

@Controller
struct ClientController {
    /// GET /client/count
    func count(_ ctx: Context) -> Envelope { .ok(data: ["count": ctx.sse.clientCount]) }

    /// POST /client/close
    @POST func close(id: EventClient.ID, _ ctx: Context) -> Envelope {
        ctx.sse.closeClient(id) ? .ok("已关闭") : .failed("客户端不存在")
    }

    /// POST /client/close-all
    @POST func closeAll(_ ctx: Context) -> Envelope { .ok(data: ["count": ctx.sse.closeAll()]) }
}

// MARK: - A sequence as a stream

@Controller
struct CountdownController {
    /// GET /countdown: the events 3, 2, 1, and the end
    func index() -> AsyncStream<Int> {
        AsyncStream { numbers in
            for number in [3, 2, 1] { numbers.yield(number) }
            numbers.finish()
        }
    }

    /// GET /countdown/once: the same, and a client that has seen the end stays away
    func once(_ ctx: Context) -> EventStream { ctx.sse.stream(of: index(), reconnect: false) }

    /// GET /countdown/rows: no faster than the client reads
    func rows(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            for row in 1...1000 {
                try await client.whenWritable()
                try client.send(event: "row", data: "\(row)")
            }
        }
    }
}

// MARK: - Outside a request

/// A service that tells everyone when the price changes.
final class Ticker: Sendable {
    private let events: EventHub

    init(_ events: EventHub) { self.events = events }

    func changed(to price: Double) throws {
        try events.post(event: "price", data: ["price": price], to: .everyone)
    }
}

@Controller
struct PriceController {
    let ticker: Ticker

    func stream(_ ctx: Context) -> EventStream { ctx.sse.open() }

    @POST func set(price: Double) throws { try ticker.changed(to: price) }
}

struct PriceApp: App {
    func configure(_ app: inout AppBuilder) {
        app.services.singleton(Ticker.self) { services in Ticker(try services.resolve(EventHub.self)) }
        app.controllers(PriceController.self)
    }
}

// MARK: - The client's side

/// Reads the events of a stream, however the network has cut its bytes.
func readEvents(of chunks: some AsyncSequence<ByteBuffer, any Error>) async throws -> [String] {
    var parser = EventStreamParser()
    var lines: [String] = []
    for try await chunk in chunks {
        for event in try parser.feed(chunk) {
            lines.append("\(event.event) = \(event.data)")
        }
    }
    return lines
}
