import Martlet
import MartletTesting
import Testing

@Controller("transfer")
private struct TransferController {
    func index(_ ctx: Context) -> String { ctx.csrfToken }
    @POST func send(amount: Int = 1) -> Int { amount }
    @Mark(CrossSiteRequests.allowed) @POST func hook() -> String { "hook" }
    @GET func read() -> String { "read" }
}

@Suite struct CSRFTests {
    private func host(_ protection: CSRFProtection? = CSRFProtection()) throws -> TestHost {
        try TestHost(
            controllers: TransferController.self,
            middleware: Sessions(.memory),
            Authentication(.session, .bearer { _, _ in .user(User(id: "program")) }, csrf: protection))
    }

    struct Row: Sendable {
        let site: String?
        let origin: String?
        let isTaken: Bool
    }

    static let rows: [Row] = [
        Row(site: nil, origin: nil, isTaken: true),
        Row(site: "same-origin", origin: "http://localhost", isTaken: true),
        Row(site: "none", origin: nil, isTaken: true),
        Row(site: "same-site", origin: "http://other.localhost", isTaken: false),
        Row(site: "cross-site", origin: "https://evil.example", isTaken: false),
        Row(site: "cross-site", origin: nil, isTaken: false),
        Row(site: "", origin: nil, isTaken: false),
        Row(site: "SAME-ORIGIN", origin: nil, isTaken: false),
        Row(site: nil, origin: "http://localhost", isTaken: true),
        Row(site: nil, origin: "http://LOCALHOST:80", isTaken: true),
        Row(site: nil, origin: "https://localhost", isTaken: true),
        Row(site: nil, origin: "http://localhost:8081", isTaken: false),
        Row(site: nil, origin: "null", isTaken: false),
        Row(site: nil, origin: "http://localhost.evil.example", isTaken: false),
        Row(site: nil, origin: "http://evil.example/localhost", isTaken: false),
        Row(site: nil, origin: "localhost", isTaken: false),
        Row(site: "cross-site", origin: "https://partner.example", isTaken: true),
        Row(site: "cross-site", origin: "https://partner.example.evil.example", isTaken: false),
    ]

    @Test(arguments: rows)
    func whereItComesFromDecides(_ row: Row) async throws {
        let host = try host(CSRFProtection(trustedOrigins: ["https://partner.example"]))
        var headers: HTTPFields = [:]
        if let host = HTTPField.Name("Host") { headers[host] = "localhost" }
        if let site = row.site, let field = HTTPField.Name("Sec-Fetch-Site") { headers[field] = site }
        headers[.origin] = row.origin
        let browser = try await host.client(as: User(id: "1"), headers: headers)
        #expect(try await browser.post("/transfer/send").status == (row.isTaken ? .ok : .forbidden))
        // The same before a sign-in, so that nobody is signed in as somebody else.
        #expect(
            try await host.client(headers: headers).post("/transfer/send").status == (row.isTaken ? .ok : .forbidden))
        // What changes nothing may come from anywhere, and so may what the action or a token says.
        #expect(try await browser.get("/transfer/read").text == "read")
        #expect(try await browser.post("/transfer/hook").text == "hook")
        #expect(try await host.client(bearer: "x", headers: headers).post("/transfer/send").status == .ok)
    }

    @Test func anAppMayTakeThemAll() async throws {
        let host = try host(nil)
        #expect(
            try await host.client(as: User(id: "1"), headers: [.origin: "https://evil.example"]).post("/transfer/send")
                .status == .ok)
    }

    @Test func aFormBringsTheTokenOfItsSession() async throws {
        let host = try host(CSRFProtection(requiresToken: true))
        let user = try await host.client(as: User(id: "1"), csrf: false)
        let token = try await user.get("/transfer").text
        let again = try await user.get("/transfer").text
        let foreign = try await host.client(as: User(id: "2"), csrf: false).get("/transfer").text
        #expect(token != again)
        for good in [token, again] {
            #expect(try await user.post("/transfer/send", form: ["amount": "3", "csrf_token": good]).text == "3")
        }
        for bad in [foreign, "", "x", String(token.dropLast(4)), token + "AAAA", String(repeating: "A", count: 86)] {
            #expect(
                try await user.post("/transfer/send", form: ["amount": "3", "csrf_token": bad]).status == .forbidden)
        }
        #expect(try await user.post("/transfer/send").status == .forbidden)
        #expect(try await user.post("/transfer/send", json: ["amount": 3]).status == .forbidden)
        #expect(try await user.post("/transfer/send", json: ["csrf_token": token]).text == "1")
        // A client that the host signs in brings one, and a program needs none.
        #expect(try await host.client(as: User(id: "1")).post("/transfer/send").status == .ok)
        #expect(try await host.client(bearer: "x").post("/transfer/send").status == .ok)
        #expect(try await host.client().post("/transfer/send").status == .ok)
    }
}
