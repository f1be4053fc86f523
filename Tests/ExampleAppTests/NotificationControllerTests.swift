import MartletTesting
import Testing

@testable import ExampleApp

/// The page's 广播消息.
@Suite struct NotificationControllerTests {
    @Test(arguments: Transport.allCases)
    func `a broadcast reaches every stream and answers as the page does`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let streams = [
            try await host.stream(EventsController.links.index()),
            try await host.stream(EventsController.links.index()),
        ]
        for stream in streams { #expect(await stream.pending().count == 2) }
        try await host.call("Notification@broadcast", ["message": "hi\nthere"])
            .expect(json: #"{"code":0,"msg":"已广播","data":null}"#)
        for stream in streams { try await stream.expect("notification", data: "hi\nthere") }
    }

    @Test(arguments: Transport.allCases)
    func `a private message reaches only its user, in all tabs`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let alice = try await host.member("1", "Alice")
        let bob = try await host.member("2", "Bob")
        let tabs = [
            try await alice.stream(EventsController.links.index()),
            try await alice.stream(ChatController.links.stream()),
        ]
        let other = try await bob.stream(EventsController.links.index())
        for stream in tabs + [other] { _ = await stream.pending() }
        try await bob.call("Notification@sendToUser", ["user_id": "1", "message": "psst"])
            .expect(json: #"{"code":0,"msg":"已发送","data":null}"#)
        for tab in tabs { try await tab.expect("private", data: "psst") }
        try await other.none()
        try await bob.call("Notification@sendToUser", ["user_id": "9", "message": "psst"])
            .expect(json: #"{"code":1,"msg":"用户不在线","data":null}"#)
    }

    @Test(arguments: Transport.allCases) func `a missing field is named`(_ transport: Transport) async throws {
        try await TestHost.example(transport).client().post(
            NotificationController.links.sendToUser(), form: ["user_id": "1"]
        )
        .expectProblem(.badRequest, errors: ["message": "is required"])
    }
}
