import HTTPTypes
import Martlet
import NIOCore
import Synchronization

/// What the actions tell the test, and how it holds them up.
final class Probe: Sendable {
    /// An action has begun that waits.
    let begun = Signal()
    /// Lets the waiting action go on.
    let gate = Signal()
    /// An action was cancelled.
    let cancelled = Signal()
    let streamClosed = Signal()
    /// Bytes that an action wrote or read.
    let bytes = Atomic<Int>(0)
    /// The error that ended an action's body or response.
    let failure = Mutex<String?>(nil)
    /// The streams of the application, as long as something holds them.
    let hub = Mutex(WeakHub())

    struct WeakHub { weak var hub: EventHub? }
}

/// Something that happens once, and that others wait for.
final class Signal: Sendable {
    private struct State {
        var hasFired = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastID = 0
    }
    private let state = Mutex(State())

    func fire() {
        let waiting = state.withLock { state in
            state.hasFired = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when it has fired, or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.hasFired || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}

struct ProbeApp: App {
    // The process of the tests holds the controllers of other apps, too.
    func configure(_ app: inout AppBuilder) throws {
        app.controllers(ProbeController.self, GzipProbeController.self, EndingController.self)
        try app.events.topic("feed") { $0.slowReaders = .dropOldest }
    }
}

@Controller
struct ProbeController {
    let probe: Probe

    func text() -> String { "Hello" }

    func hello(name: String) -> String { "Hello, \(name)!" }

    @GET("rooms/{room}") func room(room: String) -> String { "room \(room)" }

    func nothing() {}

    func notModified() -> Response { Response(status: .notModified, headers: [.eTag: "\"1\""], body: .empty) }

    /// A status without content, given content by mistake.
    func contradiction() -> Response { Response(status: .noContent, text: "never sent") }

    /// The same for a streamed body.
    func streamedContradiction() -> Response {
        Response(status: .noContent, body: .stream { try await $0.write("never sent") })
    }

    /// An informational status cannot be the last word.
    func unfinished() -> Response { Response(status: .init(code: 103), body: .empty) }

    func big(size: Int) -> Response { Response(body: .buffer(ByteBuffer(repeating: UInt8(ascii: "b"), count: size))) }

    func elsewhere() -> Redirect { Redirect(to: "/probe/text") }

    func fail() throws -> String { throw ProbeError() }

    func marked(_ ctx: Context) throws -> Envelope {
        ctx.response.headers[.cacheControl] = "no-store"
        ctx.response.setCookie(try SetCookie("seen", "1"))
        return .ok("marked", data: [1, 2])
    }

    @POST func sum(a: Int, b: Int) -> [String: Int] { ["sum": a + b] }

    @POST func echo(_ ctx: Context) async throws -> Response {
        Response(body: .buffer(try await ctx.request.body.collect()))
    }

    @POST("small", maxBodyBytes: 16) func small(_ ctx: Context) async throws -> String {
        try await "\(ctx.request.body.collect().readableBytes) bytes"
    }

    /// Answers without a look at the body.
    @POST func deaf() -> String { "did not listen" }

    /// What the application gets to see of a request.
    @ANY func seen(_ ctx: Context) -> [String: String] {
        let host = HTTPField.Name("Host").flatMap { ctx.request.headers[$0] }
        return ["method": ctx.request.method.rawValue, "target": ctx.request.target, "host": host ?? "-"]
    }

    /// The names of the fields that came, but for those of every request.
    @POST func fieldNames(_ ctx: Context) -> String {
        let names = ctx.request.headers.map(\.name.canonicalName).filter { !["host", "content-length"].contains($0) }
        return names.sorted().joined(separator: " ")
    }

    /// Says of its length what is not so.
    func misframed() -> Response {
        Response(
            headers: [.contentLength: "50", .transferEncoding: "chunked", .connection: "close"],
            body: .buffer(ByteBuffer(string: "Hello")))
    }

    /// Leaves the event loop before it answers; the earlier the number, the longer it takes.
    func late(n: Int) async -> String {
        for _ in 0..<(200 - n) { await Task.yield() }
        await Task.detached {}.value
        return "late \(n)"
    }

    // MARK: - Streamed bodies

    func chunks(n: Int) -> Response {
        Response(body: .stream { writer in for i in 0..<n { try await writer.write("chunk \(i)\n") } })
    }

    func sized() -> Response {
        Response(
            body: .stream(length: 10) { writer in
                try await writer.write("01234")
                try await writer.write("56789")
            })
    }

    /// Promises more than it writes.
    func tooShort() -> Response { Response(body: .stream(length: 10) { try await $0.write("01234") }) }

    func tooLong() -> Response { Response(body: .stream(length: 4) { try await $0.write("01234") }) }

    /// Reads the request while it writes.
    @POST func mirror(_ ctx: Context) -> Response {
        Response(
            body: .stream { writer in
                try await writer.write("begun ")
                for try await chunk in ctx.request.body { try await writer.write(chunk) }
            })
    }

    /// Fails when a part is on its way.
    func broken() -> Response {
        Response(
            body: .stream { writer in
                try await writer.write("begun")
                throw ProbeError()
            })
    }

    /// In small pieces, and in the end whether other work of the loop had its turn meanwhile.
    func pieces(_ ctx: Context) -> Response {
        Response(
            body: .stream { writer in
                let hadTurn = Atomic<Bool>(false)
                let others = ctx.eventLoop.submit { hadTurn.store(true, ordering: .relaxed) }
                let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1024)
                for _ in 0..<128 { try await writer.write(piece) }
                try await writer.write(hadTurn.load(ordering: .relaxed) ? "in turn" : "alone")
                try await others.get()
            })
    }

    /// Writes 64 KiB at a time for as long as somebody reads.
    func endless() -> Response {
        Response(
            body: .stream { [probe] writer in
                let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 * 1024)
                do {
                    while true {
                        try await writer.write(chunk)
                        probe.bytes.add(chunk.readableBytes, ordering: .relaxed)
                        probe.begun.fire()
                    }
                } catch {
                    probe.failure.withLock { $0 = "\(error)" }
                    probe.cancelled.fire()
                    throw error
                }
            })
    }

    /// Reads the first chunk, then waits for the gate, then reads the rest.
    @POST("drink", maxBodyBytes: 64 * 1024 * 1024) func drink(_ ctx: Context) async throws -> String {
        do {
            var total = 0
            for try await chunk in ctx.request.body {
                total += chunk.readableBytes
                probe.bytes.store(total, ordering: .relaxed)
                probe.begun.fire()
                await probe.gate.wait()
            }
            return "\(total)"
        } catch {
            probe.failure.withLock { $0 = "\(error)" }
            probe.cancelled.fire()
            throw error
        }
    }

    // MARK: - What takes time

    /// Waits for the gate, and says when it was cancelled.
    @ANY func wait() async throws -> String {
        probe.begun.fire()
        await probe.gate.wait()
        if Task.isCancelled { probe.cancelled.fire() }
        return "waited"
    }

    func events(_ ctx: Context) -> EventStream {
        probe.hub.withLock { $0.hub = ctx.sse }
        return ctx.sse.open { client in
            try client.send(event: "one", data: "1")
            try client.send(event: "two", data: "2")
        } onClose: { [probe] _ in
            probe.streamClosed.fire()
        }
    }

    /// A stream of a topic that drops what its reader does not take.
    func feed(_ ctx: Context) -> EventStream {
        ctx.sse.open(topics: ["feed"], onClose: { [probe] _ in probe.streamClosed.fire() })
    }

    /// A stream that ends with its last event.
    func export(events: Int, size: Int, _ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            for number in 1...events {
                try client.send(data: "\(number) " + String(repeating: "x", count: size))
            }
            client.close()
        } onClose: { [probe] _ in
            probe.streamClosed.fire()
        }
    }

    /// A stream that goes on until the gate opens.
    func finite(_ ctx: Context) -> EventStream {
        ctx.sse.stream { [probe] client in
            try client.send(data: "begun")
            await probe.gate.wait()
            try client.send(data: "finished")
        }
    }

    /// One that does not know its end beforehand, and asks.
    func asking(_ ctx: Context) -> EventStream {
        ctx.sse.stream { client in
            try client.send(data: "begun")
            // Off the loop in between, which would do nothing else.
            while !client.isShuttingDown { await Task.detached {}.value }
            try client.send(data: "finished")
        }
    }

    func endlessStream(_ ctx: Context) -> EventStream {
        ctx.sse.stream(isEndless: true) { [probe] client in
            try client.send(data: "begun")
            await probe.gate.wait()
            probe.cancelled.fire()
        }
    }

    /// A stream that opens when the gate does.
    func lateEvents(_ ctx: Context) async -> EventStream {
        probe.begun.fire()
        await probe.gate.wait()
        return events(ctx)
    }

    func count(_ ctx: Context) -> String { "\(ctx.sse.clientCount)" }

    @POST func publish(message: String, _ ctx: Context) throws { try ctx.sse.post(data: message, to: "feed") }

    @POST func broadcast(message: String, _ ctx: Context) throws -> String {
        "\(try ctx.sse.post(event: "news", data: message, to: .everyone).clientCount)"
    }
}

struct ProbeError: Error {}
