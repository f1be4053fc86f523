import Martlet
import MartletTesting
import Testing

/// The six controllers of the page, each in process and over sockets.
@Suite struct PageTests {
    @Test(arguments: Transport.allCases)
    func eventsBeginWithTwo(_ transport: Transport) async throws {
        let host = try TestHost(controllers: EventsController.self, over: transport)
        let stream = try await host.stream(EventsController.links.index())
        try await stream.expect("message", data: "Hello World")
        #expect(try await stream.expect("data").json([String: String].self)["status"] == "ok")
        try await stream.none()
        #expect(await !stream.hasEnded)
    }

    @Test(arguments: Transport.allCases)
    func notificationsReachAllOrOne(_ transport: Transport) async throws {
        let host = try TestHost(
            controllers: NotificationController.self, ChatController.self, services: Room(),
            middleware: Sessions(.memory), over: transport)
        let ada = try await host.client(user: "1", session: ["username": "Ada"]).stream(ChatController.links.stream())
        let bob = try await host.client(user: "2", session: ["username": "Bob"]).stream(ChatController.links.stream())
        for stream in [ada, bob] { try await stream.expect("system") }
        try await host.call("Notification@broadcast", ["message": "all"])
        for stream in [ada, bob] { try await stream.expect("notification", data: "all") }
        try await host.call("Notification@sendToUser", ["user_id": "1", "message": "psst"])
            .expect(json: #"{"code":0,"msg":"已发送","data":null}"#)
        try await ada.expect("private", data: "psst")
        try await bob.none()
        try await host.call("Notification@sendToUser", ["user_id": "9", "message": "psst"])
            .expect(json: #"{"code":1,"msg":"用户不在线","data":null}"#)
    }

    @Test(arguments: Transport.allCases)
    func theMonitorTicksWhileSomebodyLooks(_ transport: Transport) async throws {
        let host = try TestHost(controllers: MonitorController.self, over: transport)
        let stream = try await host.stream(MonitorController.links.monitor())
        await host.clock.advance(by: .seconds(2))
        #expect(await stream.pending().map(\.lastEventID) == ["1", "2", "3"])
        await stream.disconnect()
        #expect(host.clock.sleeperCount == 1, "only the heartbeat sleeps on")
    }

    @Test(arguments: Transport.allCases, [HTTPRequest.Method.get, .post])
    func aTaskReportsAndEnds(_ transport: Transport, _ method: HTTPRequest.Method) async throws {
        let host = try TestHost(controllers: TaskController.self, over: transport)
        let stream = try await host.client().stream(calling: "Task@runTask", ["task_id": 7], method: method)
        for percent in stride(from: 0, through: 100, by: 10) {
            try await stream.expect("progress", data: #"{"percent":\#(percent),"task_id":"7"}"#)
            await host.clock.advance(by: .milliseconds(500))
        }
        try await stream.expect("complete", data: #"{"status":"done"}"#)
        #expect(await stream.hasEnded)
    }

    @Test(arguments: Transport.allCases)
    func theChatIsHeardByEveryone(_ transport: Transport) async throws {
        let host = try TestHost(
            controllers: ChatController.self, services: Room(), middleware: Sessions(.memory), over: transport)
        try await host.call("Chat@send", ["message": "x"]).expectProblem(.unauthorized, detail: "请先登录")
        let ada = try await host.client(user: "1", session: ["username": "Ada"])
        let stream = try await ada.stream(ChatController.links.stream())
        try await stream.expect("system")
        try await ada.call("Chat@send", ["message": "</script>"])
            .expect(json: #"{"code":0,"msg":"已发送","data":null}"#)
        try await stream.expect("message", data: #"{"user":"Ada","msg":"</script>"}"#)
    }

    @Test(arguments: Transport.allCases)
    func clientsAreCountedAndClosed(_ transport: Transport) async throws {
        let host = try TestHost(controllers: EventsController.self, ClientController.self, over: transport)
        let link = EventsController.links.index()
        let streams = [try await host.stream(link), try await host.stream(link)]
        try await host.call("Client@count").expect(json: #"{"code":0,"msg":"","data":{"count":2}}"#)
        let oldest = try #require(host.application.sse.clients.first?.id)
        try await host.call("Client@close", ["id": oldest]).expect(.ok)
        #expect(await streams[0].hasEnded)
        try await host.call("Client@closeAll").expect(.ok)
        #expect(await streams[1].hasEnded)
        try await host.call("Client@close", ["id": "x"])
            .expectProblem(.badRequest, errors: ["id": "must be the id of a client"])
    }
}
