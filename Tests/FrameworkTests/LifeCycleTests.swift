import Martlet
import MartletServiceLifecycle
import MartletTesting
import ServiceLifecycle
import Synchronization
import Testing

/// What happened, in order.
private final class Diary: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

private struct Broken: Error {}

@Controller("alive")
private struct AliveController {
    let diary: Diary
    func index() -> String {
        diary.note("request")
        return "alive"
    }
}

/// Runs until it is cancelled.
private func untilCancelled(_ work: BackgroundContext) async throws {
    let diary = try work.services.resolve(Diary.self)
    diary.note("work begins")
    defer { diary.note("work ends") }
    try await work.clock.sleep(for: .seconds(1_000_000))
}

/// Ends when it is asked to.
private struct Courteous: Service {
    let diary: Diary
    func run() async throws {
        diary.note("polite begins")
        try await gracefulShutdown()
        diary.note("polite ends, \(Task.isCancelled ? "cancelled" : "asked")")
    }
}

/// Hears nothing until it is let go.
private struct Deaf: Service {
    let release: AsyncStream<Void>
    func run() async throws {
        await Task.detached { for await _ in release { break } }.value
    }
}

/// Does not hear that it is asked to end, and ends when it is cancelled.
private struct Impolite: Service {
    let diary: Diary
    let clock: any Clock<Duration>
    func run() async throws {
        defer { diary.note("impolite ends") }
        try await clock.sleep(for: .seconds(1_000_000))
    }
}

/// What is done before the first request, all the while, and after the last.
@Suite(.timeLimit(.minutes(1))) struct LifeCycleTests {
    private let diary = Diary()

    private func host(
        over transport: Transport = .inProcess, _ configure: (inout AppBuilder) throws -> Void
    ) throws -> TestHost {
        try TestHost(controllers: AliveController.self, services: diary, over: transport, configure: configure)
    }

    @Test(arguments: Transport.allCases)
    func `all is done in order, and undone in the other`(_ transport: Transport) async throws {
        let host = try host(over: transport) { [diary] app in
            app.onStart { try $0.resolve(Diary.self).note("first") }
            app.background("work", untilCancelled)
            app.onShutdown { try $0.resolve(Diary.self).note("last") }
            app.run(Courteous(diary: diary))
            app.onStart { _ in
                await Task.yield()
                diary.note("second")
            }
            app.onShutdown { _ in diary.note("first at the end") }
        }
        try await host.start()
        #expect(Set(diary.all) == ["first", "work begins", "polite begins", "second"])
        try await host.client().get("/alive").expect(.ok)
        await host.shutDown()
        #expect(diary.all.first == "first")
        #expect(
            Array(diary.all.dropFirst(4)) == [
                "request", "first at the end", "polite ends, asked", "last", "work ends",
            ])
    }

    @Test(arguments: Transport.allCases)
    func `the first request waits for the start`(_ transport: Transport) async throws {
        let host = try host(over: transport) { app in
            app.onStart { services in
                await Task.yield()
                try services.resolve(Diary.self).note("start")
            }
        }
        try await host.client().get("/alive").expect(.ok)
        try await host.client().get("/alive").expect(.ok)
        #expect(diary.all == ["start", "request", "request"])
    }

    @Test(arguments: Transport.allCases)
    func `a start that fails is a sentence with its place, and ends what had begun`(_ transport: Transport)
        async throws
    {
        let host = try host(over: transport) { [diary] app in
            app.background("work", untilCancelled)
            app.onShutdown { _ in diary.note("last") }
            app.onStart { _ in throw Broken() }
            app.onStart { _ in diary.note("never") }
            app.onShutdown { _ in diary.note("never") }
        }
        let error = await #expect(throws: StartupError.self) { try await host.start() }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(
            sentence.contains(
                /^What is done at start \(FrameworkTests\/LifeCycleTests\.swift:\d+\) failed: it threw Broken\(\)\.$/),
            "\(sentence)")
        await #expect(throws: StartupError.self) { try await host.client().get("/alive") }
        // Work may be cancelled before it has begun.
        #expect(diary.all.filter { !$0.hasPrefix("work") } == ["last"])
    }

    @Test func `a server does not listen before the start, and ends with its end`() async throws {
        struct LivingApp: App {
            func configure(_ app: inout AppBuilder) { app.controllers(AliveController.self) }
        }
        let address = Server.Address(port: 0)
        let server = try await Server.start(LivingApp(), at: address, threads: 1) { [diary] app in
            app.services.add(diary)
            app.onStart { _ in diary.note("start") }
            app.onShutdown { _ in diary.note("end") }
        }
        #expect(diary.all == ["start"])
        await #expect(throws: StartupError.self) {
            try await Server.start(LivingApp(), at: server.address, threads: 1) { [diary] app in
                app.services.add(diary)
                app.onShutdown { _ in diary.note("no address") }
            }
        }
        #expect(diary.all == ["start", "no address"])
        await server.shutDown()
        #expect(diary.all == ["start", "no address", "end"])
        await #expect(throws: StartupError.self) {
            try await Server.start(LivingApp(), at: address, threads: 1) { [diary] app in
                app.services.add(diary)
                app.onStart { _ in throw Broken() }
            }
        }
    }

    @Test func `what fails at the shutdown is logged, and the rest is done`() async throws {
        let host = try host { [diary] app in
            app.onShutdown { _ in diary.note("last") }
            app.onShutdown { _ in throw Broken() }
        }
        try await host.start()
        await host.shutDown()
        #expect(diary.all == ["last"])
        let line = try #require(host.log.first { $0.message == "what is done at shutdown failed" })
        #expect(line.metadata["error"] == "Broken()")
        #expect(line.metadata["place"]?.contains("LifeCycleTests.swift:") == true)
    }

    @Test func `nothing is undone that was not begun`() async throws {
        let host = try host { [diary] app in app.onShutdown { _ in diary.note("last") } }
        await host.shutDown()
        #expect(diary.all == [])
        await #expect(throws: CancellationError.self) { try await host.start() }
    }

    // MARK: - Work that fails

    @Test func `work that fails is not run again unless the app says so`() async throws {
        let host = try host { [diary] app in
            app.background("brittle") { _ in
                diary.note("run")
                throw Broken()
            }
        }
        await host.advance(by: .seconds(10_000))
        #expect(diary.all == ["run"])
        let line = try #require(host.log.first { $0.message == "background work failed" })
        #expect(line.metadata["work"] == "brittle")
        try await host.client().get("/alive").expect(.ok)
    }

    @Test func `a delay doubles up to its maximum, and begins anew after work that lasted`() async throws {
        let runs = Atomic<Int>(0)
        let host = try host { app in
            app.background("brittle", restart: .onFailure(delay: .seconds(1), maxDelay: .seconds(5))) { work in
                // The sixth lasts.
                if runs.add(1, ordering: .relaxed).newValue == 6 { try await work.clock.sleep(for: .seconds(5)) }
                throw Broken()
            }
        }
        var seen: [Int] = []
        // At 0, 1, 3, 7, 12 and 17, where it lasts until 22; then at 23 and 25.
        for seconds in [0, 1, 1, 1, 3, 1, 4, 1, 4, 1, 4, 1, 1, 1, 1] {
            await host.advance(by: .seconds(seconds))
            seen.append(runs.load(ordering: .relaxed))
        }
        #expect(seen == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8])
        #expect(host.log.filter { $0.message == "background work failed, and runs again" }.count == 8)
    }

    @Test func `work that returns has ended`() async throws {
        let host = try host { [diary] app in
            app.background("once", restart: .onFailure()) { _ in diary.note("run") }
        }
        await host.advance(by: .seconds(1000))
        #expect(diary.all == ["run"])
        #expect(host.log.isEmpty)
    }

    @Test func `a service of swift-service-lifecycle runs again when it fails`() async throws {
        struct Brittle: Service {
            let diary: Diary
            func run() async throws {
                diary.note("run")
                throw Broken()
            }
        }
        let host = try host { [diary] app in
            app.run(Brittle(diary: diary), as: "brittle", restart: .onFailure(delay: .seconds(1)))
        }
        try await host.start()
        await host.advance(by: .seconds(3))
        #expect(diary.all == ["run", "run", "run"])
        await host.shutDown()
        await host.advance(by: .seconds(100))
        #expect(diary.all == ["run", "run", "run"])
    }

    // MARK: - Work that does not end

    /// Shuts the host down while time passes, second by second.
    private func shutDown(_ host: TestHost) async {
        let isOver = Mutex(false)
        async let end: Void = {
            await host.shutDown()
            isOver.withLock { $0 = true }
        }()
        while !isOver.withLock({ $0 }) { await host.clock.advance(by: .seconds(1)) }
        await end
    }

    @Test func `the shutdown waits for work, and cancels what does not end when asked to`() async throws {
        let clock = ManualClock()
        let host = try host { [diary] app in
            app.limits.backgroundTimeout = .seconds(3)
            app.run(Impolite(diary: diary, clock: clock), as: "impolite")
        }
        try await host.start()
        await shutDown(host)
        #expect(host.clock.now.elapsed >= .seconds(3))
        #expect(diary.all == ["impolite ends"])
        #expect(
            host.log.map(\.message).contains("background work did not end when it was asked to, and is cancelled"))
    }

    @Test func `work that ignores its cancellation is left behind`() async throws {
        let (release, letGo) = AsyncStream<Void>.makeStream()
        defer { letGo.finish() }
        let host = try host { [diary] app in
            app.limits.backgroundTimeout = .seconds(3)
            app.onShutdown { _ in diary.note("last") }
            app.background("deaf") { _ in await Task.detached { for await _ in release { break } }.value }
        }
        try await host.start()
        await shutDown(host)
        #expect(host.clock.now.elapsed >= .seconds(3))
        #expect(diary.all == ["last"])
        let line = try #require(host.log.first)
        #expect(line.message == "background work goes on although it is cancelled, and is left behind")
        #expect(line.metadata["work"] == "deaf")
    }

    @Test func `a service that hears nothing is left behind after both times`() async throws {
        let (release, letGo) = AsyncStream<Void>.makeStream()
        defer { letGo.finish() }
        let host = try host { app in
            app.limits.backgroundTimeout = .seconds(3)
            app.run(Deaf(release: release), as: "deaf")
        }
        try await host.start()
        await shutDown(host)
        #expect(host.clock.now.elapsed >= .seconds(6))
        #expect(host.log.map(\.message).last == "background work goes on although it is cancelled, and is left behind")
    }

    @Test func `work is given what the app has`() async throws {
        let host = try host { [diary] app in
            app.background("tell") { work in
                diary.note("\(work.sse.clientCount) \(work.clock is ManualClock)")
                work.logger.info("told")
            }
        }
        try await host.start()
        #expect(diary.all == ["0 true"])
        #expect(host.log.first { $0.message == "told" }?.metadata["work"] == "tell")
    }
}
