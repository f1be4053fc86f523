import HTTPTypes
import Martlet
import MartletTesting
import Testing

@testable import MartletCore
@testable import MartletMiddleware

@Use(RateLimit(.requests(3, per: .seconds(30)), by: .address, name: "limited"))
@Controller("limited")
private struct LimitedController {
    func index() -> String { "index" }
    @GET func other() -> String { "other" }
    @Use(RateLimit(.requests(1, per: .seconds(10)), by: .everyone, name: "once"))
    @GET func once() -> String { "once" }
}

@Controller("open")
private struct OpenController {
    func index() -> String { "open" }
    @POST func enter(_ ctx: Context) -> String {
        ctx.session["a"] = "b"
        return "entered"
    }
}

@Suite struct RateLimitTests {
    private func host(_ middleware: any Middleware...) throws -> TestHost {
        try TestHost(controllers: LimitedController.self, OpenController.self) { app in
            app.trustedProxies = ["127.0.0.1"]
            for one in middleware { app.use(one) }
        }
    }

    private func from(_ address: String) -> HTTPFields { fields(["X-Forwarded-For": address]) }

    @Test func `what is left and when it comes back is told in fields`() async throws {
        let host = try host(RateLimit(.requests(3, per: .seconds(30))))
        let client = host.client()
        for (remaining, wait) in [(2, 10), (1, 20), (0, 10)] {
            let headers = try await client.get("/open").headers
            #expect(headers.named("RateLimit-Policy") == "\"default\";q=3;w=30")
            #expect(headers.named("RateLimit") == "\"default\";r=\(remaining);t=\(wait)")
        }
        let refused = try await client.get("/open")
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] == "10")
        #expect(refused.headers[.contentType] == "application/problem+json")
        #expect(refused.headers.named("RateLimit") == "\"default\";r=0;t=10")
        #expect(refused.headers.named("RateLimit-Policy") == "\"default\";q=3;w=30")
        await host.advance(by: .milliseconds(9_500))
        #expect(try await client.get("/open").headers[.retryAfter] == "1")
        await host.advance(by: .milliseconds(500))
        #expect(try await client.get("/open").status == .ok)
        #expect(try await client.get("/open").status == .tooManyRequests)
    }

    @Test func `an error of the app counts and tells, too`() async throws {
        let client = try host(RateLimit(.slidingWindow(1, per: .seconds(60)))).client()
        #expect(try await client.get("/nowhere").headers.named("RateLimit") == "\"default\";r=0;t=120")
        #expect(try await client.get("/open").status == .tooManyRequests)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("192.0.2.1", "192.0.2.1:8080", true), ("unknown", "unknown", true), ("_a", "_b", false),
    ])
    func `an address is one of IPv4 or a network of IPv6`(one: String, other: String, isSame: Bool) async throws {
        let client = try host(RateLimit(.requests(1, per: .seconds(60)), by: .address)).client()
        #expect(try await client.get("/open", headers: from(one)).status == .ok)
        #expect(try await client.get("/open", headers: from(other)).status == (isSame ? .tooManyRequests : .ok))
    }

    @Test func `a key is whatever names somebody, and who has none is free or somebody else`() async throws {
        let header = RateLimitKey.key { $0.request.headers[.authorization] }
        for (key, isFree) in [(header, true), (header.or(.address), false)] {
            let client = try host(RateLimit(.requests(1, per: .seconds(60)), by: key)).client()
            for name in ["a", "b"] {
                #expect(try await client.get("/open", headers: [.authorization: name]).status == .ok)
                #expect(try await client.get("/open", headers: [.authorization: name]).status == .tooManyRequests)
            }
            #expect(try await client.get("/open").status == .ok)
            #expect(try await client.get("/open").status == (isFree ? .ok : .tooManyRequests))
        }
    }

    @Test func `a session is counted by itself, and without one the address is`() async throws {
        let host = try host(Sessions(.memory), RateLimit(.requests(2, per: .seconds(60)), by: .session))
        let client = host.client()
        _ = try await client.post("/open/enter")
        for status in [HTTPResponse.Status.ok, .ok, .tooManyRequests] {
            #expect(try await client.get("/open").status == status)
        }
        #expect(try await host.client().get("/open").status == .ok)
        #expect(try await host.client().get("/open").status == .tooManyRequests)
    }

    @Test func `by session it stands behind Sessions`() {
        #expect(throws: StartupError.self) { try host(RateLimit(.requests(2, per: .seconds(60)), by: .session)) }
    }

    @Test func `an attribute counts the controller's actions together, and each host its own`() async throws {
        for _ in 0..<2 {
            let host = try host()
            let client = host.client()
            #expect(try await client.get("/limited").status == .ok)
            #expect(try await client.get("/limited/other").status == .ok)
            let once = try await client.get("/limited/once")
            #expect(
                once.headers[values: HTTPField.Name("RateLimit") ?? .accept]
                    == ["\"once\";r=0;t=10", "\"limited\";r=0;t=10"])
            #expect(try await client.get("/limited").status == .tooManyRequests)
            #expect(try await client.get("/open").status == .ok)
        }
    }

    @Test func `one value in two places counts both`() async throws {
        let shared = RateLimit(.requests(1, per: .seconds(60)))
        let host = try TestHost(controllers: OpenController.self) { app in
            app.mount(OpenController.self, at: "/one", use: [shared])
            app.mount(OpenController.self, at: "/two", use: [shared])
        }
        #expect(try await host.client().get("/one").status == .ok)
        #expect(try await host.client().get("/two").status == .tooManyRequests)
    }

    @Test func `a limit that cannot be ends the start`() {
        for quota in [
            Quota.requests(0, per: .seconds(1)), .requests(-1, per: .seconds(1)), .requests(1, per: .zero),
            .requests(1, per: .seconds(-1)), .requests(1, per: .seconds(400 * 86_400)),
            .requests(2_000_000, per: .seconds(1)),
            .requests(1, per: .seconds(86_400), burst: 0), .requests(1, per: .seconds(86_400), burst: .max),
            .requests(1, per: .seconds(86_400), burst: 1000), .slidingWindow(0, per: .seconds(1)),
            .slidingWindow(5, per: .microseconds(1)),
        ] {
            #expect(throws: StartupError.self) { try host(RateLimit(quota)) }
        }
        for name in ["", "a\"b", "a\\b", "ü", "a\r\nb"] {
            #expect(throws: StartupError.self) { try host(RateLimit(.requests(1, per: .seconds(1)), name: name)) }
        }
        #expect(throws: StartupError.self) { try host(RateLimit(.requests(1, per: .seconds(1)), maxKeys: 0)) }
    }
}

@Suite struct QuotaTests {
    private static let second: Int64 = 1_000_000_000

    /// A bucket as a number of tokens in fractions of a nanosecond's worth, which fills as time passes.
    private struct BucketModel {
        let burst: Int
        let period: Int64
        var level: Int64
        var last: Int64 = 0

        mutating func take(at now: Int64) -> Bool {
            level = min(Int64(burst) * period, level + now - last)
            last = now
            guard level >= period else { return false }
            level -= period
            return true
        }
    }

    @Test func `a bucket is a number of tokens`() {
        var random = SeededGenerator(state: 1)
        for _ in 0..<100 {
            let count = Int.random(in: 1...20, using: &random)
            let burst = Int.random(in: 1...30, using: &random)
            let quota = Quota.requests(count, per: .seconds(Int.random(in: 1...100, using: &random)), burst: burst)
            var model = BucketModel(burst: burst, period: quota.period, level: Int64(burst) * quota.period)
            var usage = Usage()
            var now: Int64 = 0
            for _ in 0..<200 {
                now +=
                    Int64.random(in: 0...(3 * quota.period), using: &random) / Int64.random(in: 1...8, using: &random)
                let verdict = quota.take(&usage, at: now)
                #expect(verdict.isAllowed == model.take(at: now))
                #expect(verdict.remaining == Int(model.level / model.period))
                check(quota, usage, verdict, now)
            }
        }
    }

    /// The times of all requests that were let in; those of the window before count as spread evenly.
    private struct WindowModel {
        let count: Int
        let period: Int64
        var times: [Int64] = []

        mutating func take(at now: Int64) -> Bool {
            let start = now / period * period
            let current = times.count { $0 >= start }
            let previous = times.count { $0 >= start - period && $0 < start }
            let used = Double(previous) * (1 - Double(now - start) / Double(period)) + Double(current)
            guard used + 1 <= Double(count) + 1e-9 else { return false }
            times.append(now)
            return true
        }
    }

    @Test func `a window counts what came in it, and a part of what came before`() {
        var random = SeededGenerator(state: 2)
        for _ in 0..<100 {
            let count = Int.random(in: 1...20, using: &random)
            // Periods that a fraction of their thousandth has no remainder of.
            let quota = Quota.slidingWindow(count, per: .seconds(Int.random(in: 1...100, using: &random)))
            var model = WindowModel(count: count, period: quota.period)
            var usage = Usage()
            var now: Int64 = 0
            for _ in 0..<200 {
                now +=
                    Int64.random(in: 0...(3 * quota.period), using: &random) / Int64.random(in: 1...40, using: &random)
                let verdict = quota.take(&usage, at: now)
                #expect(verdict.isAllowed == model.take(at: now))
                check(quota, usage, verdict, now)
            }
            // No stretch as long as the period has more than twice the count.
            for time in model.times {
                #expect(model.times.count { $0 >= time && $0 < time + quota.period } <= 2 * count)
            }
        }
    }

    /// What remains and the time to wait hold: so many more pass at once, and where none does, one does then and not before.
    private func check(_ quota: Quota, _ usage: Usage, _ verdict: Verdict, _ now: Int64) {
        var later = usage
        var passed = 0
        while passed <= verdict.remaining, quota.take(&later, at: now).isAllowed { passed += 1 }
        #expect(passed == verdict.remaining)
        guard verdict.remaining == 0 else { return }
        later = usage
        #expect(verdict.wait > 0)
        #expect(!quota.take(&later, at: now + verdict.wait - 1).isAllowed)
        #expect(quota.take(&later, at: now + verdict.wait).isAllowed)
    }

    @Test func `what is not used for a time is forgotten without a difference`() {
        for quota in [Quota.requests(10, per: .seconds(10)), .slidingWindow(10, per: .seconds(10))] {
            var usage = Usage()
            for _ in 0..<10 { _ = quota.take(&usage, at: 5 * Self.second) }
            #expect(quota.debt(of: usage, at: 6 * Self.second) > 0)
            #expect(quota.debt(of: usage, at: 30 * Self.second) == 0)
            #expect(quota.take(&usage, at: 30 * Self.second).remaining == 9)
        }
    }
}

@Suite struct RateLedgerTests {
    private static let second: Int64 = 1_000_000_000

    @Test func `accounts are apart, and all are kept while there is room`() {
        let ledger = RateLedger(.requests(2, per: .seconds(60)), capacity: 65_536)
        for round in [true, true, false] {
            #expect((0..<5000).count { ledger.take($0, at: 0).isAllowed } == (round ? 5000 : 0))
        }
        #expect(ledger.count == 5000)
        #expect(ledger.room < 65_536)
    }

    @Test(arguments: [Quota.requests(100, per: .seconds(600)), .slidingWindow(100, per: .seconds(600))])
    func `a flood of names takes no more memory, and forgets nobody who has used up much`(quota: Quota) {
        let ledger = RateLedger(quota, capacity: 4096)
        // Between the windows' beginnings.
        let start = 100 * Self.second
        let heavy = (0..<50).map { "heavy \($0)" }
        for key in heavy { #expect((0..<100).count { _ in ledger.take(key, at: start).isAllowed } == 100) }
        var random = SeededGenerator(state: 3)
        var served = 0
        for number in 0..<100_000 {
            let now = start + Int64(number)
            if ledger.take("random \(random.next())", at: now).isAllowed { served += 1 }
            // One who comes in between is served, and counted.
            if number % 10_000 == 0 { #expect(ledger.take("valid \(number)", at: now).remaining == 99) }
        }
        #expect(served == 100_000)
        #expect(ledger.count <= 4096)
        #expect(ledger.room == 4096)
        for key in heavy { #expect(!ledger.take(key, at: start + Self.second).isAllowed) }
    }

    @Test func `what counts no more gives its place away first`() {
        let ledger = RateLedger(.requests(1, per: .seconds(1)), capacity: 128)
        let served = (0..<10_000).count { ledger.take("a \($0)", at: Int64($0) * 100 * Self.second).isAllowed }
        #expect(served == 10_000)
        #expect(ledger.room <= 256)
    }

    @Test func `requests on several threads are counted once each`() async {
        let ledger = RateLedger(.requests(1000, per: .seconds(60)), capacity: 4096)
        let allowed = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).count { _ in ledger.take("one", at: 0).isAllowed } }
            }
            return await group.reduce(0, +)
        }
        #expect(allowed == 1000)
    }
}
