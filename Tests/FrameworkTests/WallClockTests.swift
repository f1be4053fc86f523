import Foundation
import Martlet
import MartletTesting
import NIOPosix
import Testing

@testable import MartletCore

@Suite struct WallClockTests {
    @Controller("time") struct TimeController {
        @GET func now(_ ctx: Context) -> String { "\(ctx.now.timeIntervalSince1970)" }
    }

    private func now(_ host: TestHost) async throws -> Date {
        let text = try await host.client().get("/time/now").text
        return Date(timeIntervalSince1970: try #require(Double(text)))
    }

    @Test func `in a test it is always the same time, and goes on with the clock`() async throws {
        let host = try TestHost(controllers: TimeController.self)
        let start = try await now(host)
        #expect(start == Date(timeIntervalSince1970: 1_800_000_000))
        await host.clock.advance(by: .seconds(90))
        #expect(try await now(host) == start + 90)
        #expect(host.application.now == start + 90)
        #expect(host.clock.date == start + 90)
    }

    @Test func `where time goes on by itself, it is the system's`() async throws {
        let host = try TestHost(controllers: TimeController.self, time: .live)
        let before = Date()
        #expect(try await abs(now(host).timeIntervalSince(before)) < 60)
    }

    @Test func `outside of tests it is the system's`() throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let application = try Application(EmptyApp(), eventLoops: [loop])
        let before = Date()
        let now = application.now
        #expect(before <= now && now <= Date())
    }

    private struct EmptyApp: App {
        func configure(_ app: inout AppBuilder) { app.controllers([]) }
    }

    @Test func `any other clock moves it from where all tests begin`() {
        let clock = SteppedClock()
        let wall = WallClock(of: clock)
        #expect(wall.now == .testStart)
        clock.elapsed += .milliseconds(1500)
        #expect(wall.now == .testStart + 1.5)
    }

    private final class SteppedClock: Clock, @unchecked Sendable {
        // One task alone looks at it.
        var elapsed = Duration.zero
        var now: ContinuousClock.Instant { Self.start + elapsed }
        var minimumResolution: Duration { .zero }
        static let start = ContinuousClock.now
        func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
    }
}
