import MartletTesting
import Testing

@testable import Martlet

/// The page's 进度推送.
@Suite struct TaskControllerTests {
    @Test(arguments: Transport.allCases, [HTTPRequest.Method.get, .post])
    func `a task tells its progress, then ends`(_ transport: Transport, _ method: HTTPRequest.Method) async throws {
        let host = try TestHost.example(transport)
        let stream = try await host.client().stream(calling: "Task@runTask", ["task_id": "7"], method: method)
        for percent in stride(from: 0, through: 100, by: 10) {
            try await stream.expect("progress", data: #"{"percent":\#(percent),"task_id":"7"}"#)
            #expect(await stream.hasEnded == false)
            await host.clock.advance(by: .milliseconds(500))
        }
        try await stream.expect("complete", data: #"{"status":"done"}"#)
        #expect(await stream.hasEnded)
        #expect(try await host.streamCount() == 0)
    }
}
