import Foundation
import Martlet
import MartletMiddleware
import MartletTesting
import Testing

@Controller("devices")
private struct DevicesController {
    @POST func enter(id: String, _ ctx: Context) { ctx.session.user = id }
    @POST func renew(_ ctx: Context) { ctx.session.renew() }
    func index(_ ctx: Context) async throws -> [SessionSummary] {
        try await ctx.sessions.all(of: ctx.session.user ?? "")
    }
}

@Suite struct SessionListTests {
    /// Whoever reads over the shoulder, or has a script on the page, cannot take the session over.
    @Test func aListOfSessionsHasNoSecret() async throws {
        let host = try TestHost(controllers: DevicesController.self, middleware: Sessions(.memory))
        let clients = [host.client(), host.client()]
        var secrets: [Substring] = []
        for client in clients {
            try await client.post("/devices/enter", form: ["id": "1"])
            secrets.append(try #require(client.cookies["martlet_session"]).suffix(32))
            try await client.post("/devices/renew")
            secrets.append(try #require(client.cookies["martlet_session"]).suffix(32))
        }
        #expect(Set(secrets).count == 4)
        let answer = try await clients[0].get("/devices")
        let list = try answer.json([SessionSummary].self)
        #expect(list.count == 2)
        for client in clients {
            let handle = String(try #require(client.cookies["martlet_session"]).prefix(32))
            #expect(list.contains { $0.handle.text == handle })
            // A handle alone is no cookie.
            let thief = host.client()
            for cookie in [handle, handle + String(repeating: "0", count: 32), handle + handle] {
                thief.cookies["martlet_session"] = cookie
                #expect(try await thief.get("/devices").text == "[]")
            }
        }
        let text = answer.text + String(decoding: try JSONEncoder().encode(list), as: UTF8.self) + "\(list)"
        for secret in secrets { #expect(!text.contains(secret)) }
        #expect(!text.lowercased().contains("secret"))
    }
}
