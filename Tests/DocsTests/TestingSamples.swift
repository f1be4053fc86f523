import Martlet
import MartletTesting
import Testing

@Suite struct TestingSamples {
    private struct Line: Decodable {
        let user: String
        let msg: String
    }

    @Test func whatOneSaysTheOtherHears() async throws {
        let host = try TestHost(controllers: ChatController.self) { app in
            app.services.add(Room())
            app.use(Sessions(.memory))
            app.controllers(ChatController.self, TestLoginController.self)
        }
        let alice = host.client()
        let bob = host.client()
        try await alice.post("/test-login", form: ["user_id": "1", "username": "Alice"])
        try await bob.post("/test-login", form: ["user_id": "2", "username": "Bob"])

        let stream = try await bob.stream("/chat/stream")
        #expect(try await stream.next().event == "system")

        let reply = try await alice.post("/chat/send", form: ["message": "你好"])
        #expect(reply.text == #"{"code":0,"msg":"已发送","data":null}"#)
        #expect(try await stream.next().json(Line.self).msg == "你好")

        await stream.disconnect()
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func nobodyListensWithoutASession() async throws {
        let host = try TestHost(controllers: ChatController.self) { app in
            app.services.add(Room())
            app.use(Sessions(.memory))
        }
        let refusal = await #expect(throws: UnexpectedResponse.self) {
            try await host.client().stream("/chat/stream")
        }
        #expect(refusal?.response?.status == .unauthorized)
    }

    @Test func aTaskOfFiveSecondsTakesNoTime() async throws {
        let host = try TestHost(controllers: TaskController.self)
        let stream = try await host.client().stream("/task/run-task", method: .post, form: ["task_id": "7"])
        #expect(await stream.pending().count == 1)
        await host.advance(by: .seconds(6))
        #expect(await stream.pending().last?.event == "complete")
        #expect(await stream.hasEnded)
    }

    @Test func anotherMailerForTheTest() async throws {
        let mailbox = Mailbox()
        let host = try TestHost(InviteApp()) { app in
            app.services.add(mailbox, as: (any Mailer).self)
        }
        try await host.client().post("/invite/send", form: ["address": "ada@example.com"])
        #expect(mailbox.addresses == ["ada@example.com"])
    }
}
