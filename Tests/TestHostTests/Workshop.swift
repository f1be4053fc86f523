import Martlet
import MartletTesting
import NIOCore
import Synchronization

/// What the tests of the test host are tried on.
@Controller
struct WorkshopController {
    let tools: Tools
    let greeter: any Greeter

    /// GET /workshop/greet?name=…
    func greet(name: String) -> String { greeter.greeting(of: name) }

    @GET("rooms/{room}/{floor?}")
    func room(room: String, floor: Int?, tags: [String], page: Int = 1) -> [String: String] {
        ["room": room, "floor": floor.map { "\($0)" } ?? "-", "tags": tags.joined(separator: "+"), "page": "\(page)"]
    }

    @GET("files/{path...}") func file(path: String) -> String { path }

    @POST func order(itemName: String, count: Int, express: Bool = false) -> [String: String] {
        ["itemName": itemName, "count": "\(count)", "express": "\(express)"]
    }

    struct Address: Codable {
        var street: String
        var city: String
    }

    @POST func move(@Body address: Address, @Query notify: Bool = false) -> String {
        "\(address.street), \(address.city), \(notify)"
    }

    @POST func ship(to: Address, weight: Double) -> String { "\(to.city) \(weight)" }

    @GET func seen(@Header userAgent: String, @Cookie theme: String) -> String { "\(userAgent) \(theme)" }

    @ANY func echo(_ ctx: Context) async throws -> Response {
        var headers: HTTPFields = [.contentType: ctx.request.headers[.contentType] ?? "none"]
        headers[.cacheControl] = ctx.request.method.rawValue
        return Response(headers: headers, body: .buffer(try await ctx.request.body.collect()))
    }

    func broken(_ ctx: Context) throws -> String {
        ctx.logger.info("looking for the saw", metadata: ["shelf": "3"])
        throw ToolError()
    }

    func authorized(_ ctx: Context) throws -> String { ctx.request.headers[.authorization] ?? "nobody" }

    func who(_ ctx: Context) -> String { "\(ctx.session["user_id"] ?? "-") \(ctx.session["role"] ?? "-")" }

    // MARK: - What takes time

    func feed(_ ctx: Context) -> EventStream { ctx.sse.open() }

    @POST func say(text: String, _ ctx: Context) throws { try ctx.sse.post(event: "said", data: text, to: .everyone) }

    func news(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["news"]) }

    @POST func tell(text: String, _ ctx: Context) throws { try ctx.sse.post(event: "news", data: text, to: "news") }

    /// Waits for slow readers of `slow`.
    @POST func push(text: String, _ ctx: Context) async throws {
        try await ctx.sse.publish(event: "pushed", data: text, to: "slow")
    }

    func slow(_ ctx: Context) -> EventStream { ctx.sse.open(topics: ["slow"]) }

    /// Says something on a thread of the pool, and on one that nobody watches.
    @Blocking func mutter(_ ctx: Context) { ctx.logger.notice("from the pool") }

    @GET func whisper(_ ctx: Context) async { await Task.detached { ctx.logger.notice("from elsewhere") }.value }

    /// Answers at once; what it has left behind works on another thread.
    @POST func later(_ ctx: Context) {
        let sse = ctx.sse
        let tools = tools
        Task {
            await tools.workElsewhere()
            try await sse.publish(event: "done", data: "later", to: .everyone)
        }
    }

    /// The same, and nothing ties the work to the request.
    @POST func detached(_ ctx: Context) {
        let sse = ctx.sse
        let tools = tools
        Task.detached {
            await tools.workElsewhere()
            try await sse.publish(event: "done", data: "detached", to: .everyone)
        }
    }

    @Blocking @POST func saw(_ ctx: Context) throws {
        tools.workHard()
        try ctx.sse.post(event: "done", data: "sawed", to: .everyone)
    }

    /// A stream whose every step is made on another thread, a second after the one before.
    func steps(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        let tools = tools
        return ctx.sse.stream { client in
            for step in 1...3 {
                await tools.workElsewhere()
                try await ctx.blocking { tools.workHard() }
                try client.send(event: "step", data: "\(step)")
                try await clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Waits until another request hands something in.
    func wait(_ ctx: Context) async -> String {
        await tools.handedIn()
    }

    @POST func handIn(thing: String) { tools.handIn(thing) }

    /// What is handed in, as it comes.
    func belt(_ ctx: Context) -> EventStream {
        let tools = tools
        return ctx.sse.stream { client in
            while client.isConnected { try client.send(event: "thing", data: await tools.handedIn()) }
        }
    }
}

struct ToolError: Error {}

protocol Greeter: Sendable {
    func greeting(of name: String) -> String
}

struct PoliteGreeter: Greeter {
    func greeting(of name: String) -> String { "Good day, \(name)." }
}

final class Tools: Sendable {
    private struct Box {
        var things: [String] = []
        var waiting: [CheckedContinuation<String, Never>] = []
    }
    private let box = Mutex(Box())

    /// Takes a while on a thread that nobody watches.
    func workElsewhere() async { await Task.detached { [self] in workHard() }.value }

    /// Takes a while.
    func workHard() {
        var number: UInt64 = 1
        for _ in 0..<200_000 { number = number &* 6_364_136_223_846_793_005 &+ 1 }
        box.withLock { if number == 0 { $0.things = [] } }
    }

    func handedIn() async -> String {
        await withCheckedContinuation { continuation in
            let thing: String? = box.withLock { box in
                guard box.things.isEmpty else { return box.things.removeFirst() }
                box.waiting.append(continuation)
                return nil
            }
            if let thing { continuation.resume(returning: thing) }
        }
    }

    func handIn(_ thing: String) {
        let waiting: CheckedContinuation<String, Never>? = box.withLock { box in
            guard box.waiting.isEmpty else { return box.waiting.removeFirst() }
            box.things.append(thing)
            return nil
        }
        waiting?.resume(returning: thing)
    }
}

extension TestHost {
    /// The workshop with its services.
    static func workshop(_ transport: Transport = .inProcess, time: Time = .manual) throws -> TestHost {
        try TestHost(
            controllers: WorkshopController.self, services: Tools(), PoliteGreeter(), middleware: Sessions(.memory),
            over: transport, time: time)
    }
}

/// The text of the error that something throws; empty where it throws none.
func errorText(_ work: () async throws -> Void) async -> String {
    do {
        try await work()
        return ""
    } catch {
        return "\(error)"
    }
}
