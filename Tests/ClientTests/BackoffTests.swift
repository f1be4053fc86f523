import Testing

@testable import MartletClient

/// How long a client waits.
struct BackoffTests {
    @Test func `jitter only adds, up to its share, and differs`() {
        let backoff = EventSource.Backoff(jitter: 0.5)
        var generator = SeededGenerator(state: 7)
        var delays: Set<Duration> = []
        for _ in 0..<1000 {
            let delay = backoff.delay(after: 0, retry: .seconds(4), random: &generator)
            #expect(delay >= .seconds(4) && delay <= .seconds(6))
            delays.insert(delay)
        }
        #expect(delays.count > 900)
    }

    @Test(arguments: [
        (0, 4, 4), (1, 4, 4), (2, 4, 8), (3, 4, 16), (4, 4, 30), (1000, 4, 30), (5, 60, 60), (9, 0, 0),
    ])
    func `delays grow from the second failure on, to the maximum or a longer retry`(
        failures: Int, retry: Int, seconds: Int
    ) {
        var generator = SeededGenerator(state: 0)
        let backoff = EventSource.Backoff(jitter: 0)
        #expect(
            backoff.delay(after: failures, retry: .seconds(retry), random: &generator) == .seconds(seconds))
    }
}
