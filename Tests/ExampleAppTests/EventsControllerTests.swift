import MartletTesting
import Testing

@testable import ExampleApp

/// The page's 基础推送.
@Suite struct EventsControllerTests {
    @Test(arguments: Transport.allCases)
    func `events begins with the two events of the page and stays open`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let stream = try await host.stream(EventsController.links.index())
        #expect(try await stream.next().lastEventID == "1")
        #expect(try await stream.next().lastEventID == "2")
        try Snapshot.expect(
            await stream.transcript,
            """
            event: message
            id: 1
            data: Hello World

            event: data
            id: 2
            data: {"status":"ok","time":"<time>"}
            """)
        await host.clock.advance(by: .seconds(60))
        #expect(await stream.hasEnded == false)
        #expect(await stream.commentCount >= 3)
        #expect(try await host.streamCount() == 1)
    }
}
