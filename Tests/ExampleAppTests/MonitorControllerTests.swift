import MartletTesting
import Testing

@testable import ExampleApp

/// The page's 实时数据流.
@Suite struct MonitorControllerTests {
    private struct Stats: Decodable { let cpu: Double, memory: Double, time: String }

    @Test(arguments: Transport.allCases)
    func `the monitor sends real figures each second and stops with its client`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let stream = try await host.stream(MonitorController.links.monitor())
        for counter in 1...5 {
            let event = try await stream.expect("stats")
            #expect(event.lastEventID == "\(counter)")
            let stats = try event.json(Stats.self)
            #expect((0...100).contains(stats.cpu))
            #expect(stats.memory > 0 && stats.memory <= 100)
            try await stream.none()
            await host.clock.advance(by: .seconds(1))
        }
        await stream.disconnect()
        await host.clock.advance(by: .seconds(3))
        #expect(host.clock.sleeperCount == 0)
        #expect(try await host.streamCount() == 0)
    }
}
