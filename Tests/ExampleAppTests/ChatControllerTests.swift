import MartletTesting
import Testing

@testable import ExampleApp

/// The page's 完整聊天示例.
@Suite struct ChatControllerTests {
    @Test(arguments: Transport.allCases) func `chat needs a session`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let stranger = host.client()
        for reply in [
            try await stranger.get(ChatController.links.stream()),
            try await stranger.call("Chat@send", ["message": "x"]),
            try await stranger.get(ChatController.links.members()), try await stranger.get("/account/profile"),
        ] {
            try reply.expectProblem(.unauthorized, detail: "请先登录")
        }
        #expect(try await host.streamCount() == 0)
    }

    @Test(arguments: Transport.allCases)
    func `chat lines reach everyone as they were typed`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let name = "a\"b\n</script>"
        let alice = try await host.member("1", name)
        let bob = try await host.member("2", "Bob")
        let aliceStream = try await alice.stream(ChatController.links.stream())
        let welcome = try await aliceStream.expect("system")
        #expect(try welcome.json([String: String].self) == ["msg": "欢迎 \(name) 加入聊天室"])
        let bobStream = try await bob.stream(ChatController.links.stream())
        try await bobStream.expect("system", data: #"{"msg":"欢迎 Bob 加入聊天室"}"#)
        #expect(try await alice.get(ChatController.links.members()).json(Reply<[String]>.self).data == ["Bob", name])

        let line = "\"quoted\"\r\n</script> 你好"
        try await alice.call("Chat@send", ["message": line]).expect(json: #"{"code":0,"msg":"已发送","data":null}"#)
        for stream in [aliceStream, bobStream] {
            let event = try await stream.expect("message")
            #expect(try event.json([String: String].self) == ["user": name, "msg": line])
        }
        await aliceStream.disconnect()
        try await bob.get(ChatController.links.members()).expect(json: #"{"code":0,"msg":"","data":["Bob"],"count":1}"#)
    }

    @Test(arguments: Transport.allCases)
    func `a member with two tabs is there once, until both are closed`(_ transport: Transport) async throws {
        let host = try TestHost.example(transport)
        let alice = try await host.member("1", "Alice")
        let tabs = [
            try await alice.stream(ChatController.links.stream()),
            try await alice.stream(ChatController.links.stream()),
        ]
        #expect(try await alice.get(ChatController.links.members()).json(Reply<[String]>.self).data == ["Alice"])
        await tabs[0].disconnect()
        #expect(try await alice.get(ChatController.links.members()).json(Reply<[String]>.self).data == ["Alice"])
        await tabs[1].disconnect()
        #expect(try await alice.get(ChatController.links.members()).json(Reply<[String]>.self).data == [])
    }
}
