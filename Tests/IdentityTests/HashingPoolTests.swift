import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletIdentity

/// What many passwords at once may take.
@Suite struct HashingPoolTests {
    /// Work that lasts until the test lets it end; how much of it is done at a time is counted.
    private final class Work: Sendable {
        private let gate = ThreadGate()
        private let state = Mutex((running: 0, most: 0, done: [Int]()))

        var most: Int { state.withLock { $0.most } }
        var done: [Int] { state.withLock { $0.done } }

        func open() { gate.open() }

        func run(_ number: Int) {
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            gate.pass()
            state.withLock { state in
                state.running -= 1
                state.done.append(number)
            }
        }
    }

    private static func until(_ holds: () -> Bool) async { while !holds() { await Task.yield() } }

    @Test func `so many at a time, so many wait, and the others are told when to come back`() async throws {
        let pool = HashingPool(parallelism: 2, maxWaiting: 3)
        let work = Work()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask { _ = try? await pool.run { work.run(number) } }
                // In this order.
                await Self.until { pool.load.running + pool.load.waiting == number + 1 }
            }
            #expect(pool.load == (2, 3))
            for _ in 0..<100 {
                let error = await #expect(throws: HTTPError.self) { try await pool.run { work.run(-1) } }
                #expect(error?.status == .serviceUnavailable)
                let seconds = error?.headers[.retryAfter].flatMap { Int($0) } ?? 0
                #expect((1...60).contains(seconds))
            }
            work.open()
        }
        #expect(work.most == 2)
        #expect(Set(work.done) == [0, 1, 2, 3, 4])
        #expect(pool.load == (0, 0))
    }

    @Test func `who is cancelled leaves the queue, and the place is another's`() async throws {
        let pool = HashingPool(parallelism: 1, maxWaiting: 1)
        let work = Work()
        let first = Task { try await pool.run { work.run(1) } }
        await Self.until { pool.load.running == 1 }
        let second = Task { try await pool.run { work.run(2) } }
        await Self.until { pool.load.waiting == 1 }
        await #expect(throws: HTTPError.self) { try await pool.run { work.run(0) } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(pool.load == (1, 0))
        let third = Task { try await pool.run { work.run(3) } }
        await Self.until { pool.load.waiting == 1 }
        work.open()
        try await first.value
        try await third.value
        #expect(work.done == [1, 3])
    }

    @Test func `those who wait have their turns in order`() async throws {
        let pool = HashingPool(parallelism: 1, maxWaiting: 100)
        let work = Work()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask { _ = try? await pool.run { work.run(number) } }
                await Self.until { pool.load.running + pool.load.waiting == number + 1 }
            }
            work.open()
        }
        #expect(work.done == Array(0..<50))
    }

    /// Whoever comes and goes, in whatever order: nobody is lost, and no turn either.
    @Test func `a storm of tasks and cancellations leaves the pool empty`() async throws {
        let pool = HashingPool(parallelism: 3, maxWaiting: 20)
        for _ in 0..<20 {
            let tasks = (0..<60).map { number in Task { try await pool.run { number } } }
            for task in tasks where Bool.random() { task.cancel() }
            for (number, task) in tasks.enumerated() {
                switch await task.result {
                case .success(let value): #expect(value == number)
                case .failure(let error): #expect(error is CancellationError || error is HTTPError)
                }
            }
            #expect(pool.load == (0, 0))
        }
    }

    @Test func `an error of the work ends the turn`() async throws {
        let pool = HashingPool(parallelism: 1, maxWaiting: 0)
        for _ in 0..<3 {
            await #expect(throws: PasswordError.malformedHash) {
                try await pool.run { throw PasswordError.malformedHash }
            }
        }
    }

    @Controller("hashing")
    struct HashingController {
        let hasher: PasswordHasher
        @POST func check(password: String) async throws -> String {
            "\(try await hasher.verify(password, against: nil))"
        }
        @GET func ping() -> String { "pong" }
    }

    /// Another request is answered while a password is hashed: on the one loop of the test.
    @Test func `an event loop does not wait for a password`() async throws {
        let hasher = PasswordHasher(cost: try ScryptCost(logN: 8), parallelism: 1, maxWaiting: 0)
        let host = try TestHost(controllers: HashingController.self, services: hasher)
        let client = host.client()
        let gate = ThreadGate()
        let held = Task { try await hasher.pool.run { gate.pass() } }
        await Self.until { hasher.pool.load.running == 1 }
        #expect(try await client.get("/hashing/ping").text == "pong")
        let refused = try await client.post("/hashing/check", form: ["password": "abc"])
        #expect(refused.status == .serviceUnavailable)
        #expect(refused.headers[.retryAfter] != nil)
        gate.open()
        try await held.value
        #expect(try await client.post("/hashing/check", form: ["password": "abc"]).text == "wrong")
    }
}
