import MartletTesting
import Testing

@testable import ExampleApp
@testable import Martlet

/// Every example of the seed page, by way of the test host.
@Suite struct ExampleAppTests {
    let host: TestHost
    init() throws { host = try TestHost(ExampleApp()) }

    struct Reply<Content: Decodable>: Decodable {
        let code: Int
        let msg: String
        let data: Content?
    }

    private func login(_ user: String, _ name: String) async throws -> TestClient {
        let client = host.client()
        let reply = try await client.post("/account/login", form: ["user_id": user, "username": name])
        #expect(reply.status == .ok)
        return client
    }

    private func count() async throws -> Int? {
        try await host.client().get("/client/count").json(Reply<[String: Int]>.self).data?["count"]
    }

    @Test func `events begins with the two events of the page and stays open`() async throws {
        let stream = try await host.client().stream("/events")
        let first = try await stream.next()
        #expect((first.event, first.data, first.lastEventID) == ("message", "Hello World", "1"))
        let second = try await stream.next()
        #expect((second.event, second.lastEventID) == ("data", "2"))
        let data = try second.json([String: String].self)
        #expect(data["status"] == "ok")
        #expect(data["time"] != nil)
        await host.advance(by: .seconds(60))
        #expect(await stream.hasEnded == false)
        #expect(try await count() == 1)
    }

    @Test func `a broadcast reaches every stream and answers as the page does`() async throws {
        let streams = [try await host.client().stream("/events"), try await host.client().stream("/events")]
        for stream in streams { _ = await stream.pending() }
        let reply = try await host.client().post("/notification/broadcast", form: ["message": "hi\nthere"])
        #expect(reply.text == #"{"code":0,"msg":"已广播","data":null}"#)
        for stream in streams {
            let event = try await stream.next()
            #expect((event.event, event.data) == ("notification", "hi\nthere"))
        }
    }

    @Test func `a private message reaches only its user, in all tabs`() async throws {
        let alice = try await login("1", "Alice")
        let bob = try await login("2", "Bob")
        let tabs = [try await alice.stream("/events"), try await alice.stream("/chat/stream")]
        let other = try await bob.stream("/events")
        for stream in tabs + [other] { _ = await stream.pending() }
        let sent = try await bob.post("/notification/send-to-user", form: ["user_id": "1", "message": "psst"])
        #expect(sent.text == #"{"code":0,"msg":"已发送","data":null}"#)
        for tab in tabs {
            let event = try await tab.next()
            #expect((event.event, event.data) == ("private", "psst"))
        }
        #expect(await other.pending().isEmpty)
        let nobody = try await bob.post("/notification/send-to-user", form: ["user_id": "9", "message": "psst"])
        #expect(nobody.text == #"{"code":1,"msg":"用户不在线","data":null}"#)
    }

    @Test func `the monitor sends real figures each second and stops with its client`() async throws {
        let stream = try await host.client().stream("/monitor/monitor")
        for counter in 1...5 {
            let event = try await stream.next()
            #expect((event.event, event.lastEventID) == ("stats", "\(counter)"))
            struct Stats: Decodable { let cpu: Double, memory: Double, time: String }
            let stats = try event.json(Stats.self)
            #expect((0...100).contains(stats.cpu))
            #expect(stats.memory > 0 && stats.memory <= 100)
            #expect(await stream.pending().isEmpty)
            await host.advance(by: .seconds(1))
        }
        await stream.disconnect()
        let sleepers = host.clock.sleeperCount
        await host.advance(by: .seconds(3))
        #expect(host.clock.sleeperCount == sleepers)
        #expect(try await count() == 0)
    }

    @Test(arguments: [HTTPRequest.Method.get, .post])
    func `a task tells its progress, then ends`(method: HTTPRequest.Method) async throws {
        let client = host.client()
        let stream =
            method == .get
            ? try await client.stream("/task/run-task?task_id=7")
            : try await client.stream("/task/run-task", method: .post, form: ["task_id": "7"])
        for percent in stride(from: 0, through: 100, by: 10) {
            let event = try await stream.next()
            #expect((event.event, event.data) == ("progress", #"{"percent":\#(percent),"task_id":"7"}"#))
            #expect(await stream.hasEnded == false)
            await host.advance(by: .milliseconds(500))
        }
        let last = try await stream.next()
        #expect((last.event, last.data) == ("complete", #"{"status":"done"}"#))
        #expect(await stream.hasEnded)
        #expect(try await count() == 0)
    }

    @Test func `chat needs a session`() async throws {
        let stranger = host.client()
        for reply in [
            try await stranger.get("/chat/stream"), try await stranger.post("/chat/send", form: ["message": "x"]),
            try await stranger.get("/account/profile"),
        ] {
            #expect(reply.status == .unauthorized)
            #expect(try reply.json([String: AnyText].self)["detail"]?.text == "请先登录")
        }
        #expect(try await count() == 0)
    }

    @Test func `chat lines reach everyone as they were typed`() async throws {
        let name = "a\"b\n</script>"
        let alice = try await login("1", name)
        let bob = try await login("2", "Bob")
        let aliceStream = try await alice.stream("/chat/stream")
        let welcome = try await aliceStream.next()
        #expect(welcome.event == "system")
        #expect(
            try welcome.json([String: String].self) == ["msg": "欢迎 \(name) 加入聊天室"])
        let bobStream = try await bob.stream("/chat/stream")
        _ = try await bobStream.next()
        #expect(try await alice.get("/chat/members").json(Reply<[String]>.self).data == ["Bob", name])

        let sent = try await alice.post("/chat/send", form: ["message": "\"quoted\"\r\n</script> 你好"])
        #expect(sent.text == #"{"code":0,"msg":"已发送","data":null}"#)
        for stream in [aliceStream, bobStream] {
            let event = try await stream.next()
            #expect(event.event == "message")
            #expect(
                try event.json([String: String].self)
                    == ["user": name, "msg": "\"quoted\"\r\n</script> 你好"])
        }
        await aliceStream.disconnect()
        #expect(try await bob.get("/chat/members").json(Reply<[String]>.self).data == ["Bob"])
    }

    @Test func `logging in gives a new session and logging out ends it`() async throws {
        let client = try await login("1", "Alice")
        let first = client.cookies
        try await client.post("/account/login", form: ["user_id": "1", "username": "Alice"])
        #expect(client.cookies != first)
        #expect(client.cookies.count == 1)
        let old = host.client()
        old.cookies = first
        #expect(try await old.get("/account/profile").status == .unauthorized)
        let profile = try await client.get("/account/profile").json(Reply<[String: String]>.self)
        #expect(profile.data == ["user_id": "1", "username": "Alice"])
        let last = client.cookies
        try await client.post("/account/logout", form: [:])
        #expect(client.cookies.isEmpty)
        client.cookies = last
        #expect(try await client.get("/account/profile").status == .unauthorized)
    }

    @Test func `clients are listed, counted and closed`() async throws {
        let alice = try await login("1", "Alice")
        let streams = [
            try await alice.stream("/chat/stream"), try await host.client().stream("/events"),
            try await host.client().stream("/monitor/monitor"),
        ]
        struct Entry: Decodable { let id: Int, user: String?, address: String, connected_at: String }
        let entries = try await alice.get("/client").json(Reply<[Entry]>.self).data ?? []
        #expect(entries.map(\.user) == ["1", nil, nil])
        let reply = try await alice.post("/client/close", form: ["id": "\(entries[1].id)"])
        #expect(try reply.json(Reply<[String: Int]>.self).code == 0)
        #expect(await streams[1].hasEnded)
        #expect(try await count() == 2)
        let again = try await alice.post("/client/close", form: ["id": "\(entries[1].id)"])
        #expect(try again.json(Reply<[String: Int]>.self).code == 1)
        #expect(try await alice.post("/client/close", form: ["id": "x"]).status == .badRequest)
        let all = try await alice.post("/client/close-all", form: [:]).json(Reply<[String: Int]>.self)
        #expect(all.data == ["count": 2])
        for stream in streams { #expect(await stream.hasEnded) }
        #expect(try await count() == 0)
        #expect(try await alice.get("/chat/members").json(Reply<[String]>.self).data == [])
    }

    @Test(arguments: [
        ("/", "text/html; charset=utf-8"), ("/app.css", "text/css; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"), ("/favicon.svg", "image/svg+xml"),
    ])
    func `the demo page and its files are served`(path: String, type: String) async throws {
        let page = try await host.client().get(path)
        #expect(page.status == .ok)
        #expect(page.headers[.contentType] == type)
        #expect(page.headers[.contentSecurityPolicy] == "default-src 'self'")
    }

    @Test func `a missing field is named`() async throws {
        let reply = try await host.client().post("/notification/send-to-user", form: ["user_id": "1"])
        #expect(reply.status == .badRequest)
        #expect(reply.headers[.contentType] == "application/problem+json")
        #expect(reply.text.contains(#""errors":{"message":["is required"]}"#))
    }
}

/// A JSON value of which only a text matters.
struct AnyText: Decodable {
    let text: String?
    init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
}
