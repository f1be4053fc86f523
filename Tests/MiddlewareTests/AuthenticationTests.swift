import Foundation
import Martlet
import MartletTesting
import Testing

@Controller("who")
private struct WhoController {
    func index(_ user: User?) -> String {
        guard let user else { return "nobody" }
        return "\(user.id) by \(user.proof?.scheme ?? "-") \(user.proof?.methods.joined(separator: "+") ?? "")"
    }
    @Authorize func inside(_ ctx: Context) -> String { ctx.user?.id ?? "-" }
    @POST func enter(id: String, _ ctx: Context) {
        ctx.auth.signIn(User(id: id, name: "N", roles: ["a", "b"], claims: ["k": "v"]))
    }
    @POST func leave(_ ctx: Context) { ctx.auth.signOut() }
    @GET func known(_ user: User) -> [String] {
        [
            user.name ?? "-", user.roles.sorted().joined(), user.claims["k"] ?? "-",
            "\(user.proof?.time?.timeIntervalSince1970 ?? 0)",
        ]
    }
    @GET func target(_ ctx: Context) -> String { ctx.returnTarget }
}

/// Knows some users at once, has to look for others, and some are gone.
private struct Directory: UserDirectory {
    func knownUser(_ id: User.ID, _ ctx: Context) -> User?? {
        switch id {
        case "known": User(id: id, name: "Known")
        case "known to be gone": .some(nil)
        default: nil
        }
    }
    func user(_ id: User.ID, _ ctx: Context) async -> User? { id == "gone" ? nil : User(id: id, name: "Looked up") }
}

@Suite struct AuthenticationTests {
    private let host: TestHost

    init() throws {
        host = try TestHost(
            controllers: WhoController.self,
            middleware: Sessions(.memory),
            Authentication(
                .session,
                .basic(realm: "a \"shop\"") { name, password, _ in password == "open" ? User(id: name) : nil },
                .bearer { token, _ in
                    switch token {
                    case "good": .user(User(id: "t"))
                    case "other": .none
                    default: .refused("It is \"unknown\".")
                    }
                },
                .bearer(name: "key") { token, _ in token == "other" ? .user(User(id: "k")) : .none },
                signInPage: "/sign-in"))
    }

    private static func basic(_ text: String) -> String { "Basic \(Data(text.utf8).base64EncodedString())" }

    static let proofs: [(authorization: String, answer: String)] = [
        (basic("eva:open"), "eva by basic pwd"),
        (basic("eva:open:x"), "nobody"),
        (basic("jörg:open"), "jörg by basic pwd"),
        (basic("eva:shut"), "nobody"),
        (basic(":open"), " by basic pwd"),
        (basic("eva"), "nobody"),
        (basic("e\u{0}:open"), "nobody"),
        ("Basic !!!", "nobody"),
        ("basic " + basic("eva:open").dropFirst(6), "eva by basic pwd"),
        ("Basic", "nobody"),
        ("Bearer good", "t by bearer "),
        ("bearer good", "t by bearer "),
        ("Bearer other", "k by key "),
        ("Bearer bad", "nobody"),
        ("Bearer good good", "nobody"),
        ("Bearer \u{e4}", "nobody"),
        ("Digest x", "nobody"),
        ("", "nobody"),
    ]

    @Test(arguments: proofs)
    func aProofIsReadOrIsNone(_ row: (authorization: String, answer: String)) async throws {
        let answer = try await host.client(headers: [.authorization: row.authorization]).get("/who")
        #expect(answer.text == row.answer)
    }

    @Test func ofTwoProofsNobodySaysWhichCounts() async throws {
        var headers: HTTPFields = [:]
        for token in ["good", "other"] { headers.append(HTTPField(name: .authorization, value: "Bearer \(token)")) }
        #expect(try await host.client(headers: headers).get("/who").text == "nobody")
    }

    @Test func whoIsRefusedIsToldWhatWouldDo() async throws {
        let nobody = try await host.client().get("/who/inside")
        #expect(nobody.status == .unauthorized)
        #expect(
            nobody.headers[values: .wwwAuthenticate] == [
                "Session", "Basic realm=\"a shop\", charset=\"UTF-8\"", "Bearer", "Bearer",
            ])
        let refused = try await host.client(bearer: "bad").get("/who/inside")
        #expect(
            refused.headers[values: .wwwAuthenticate].contains(
                "Bearer error=\"invalid_token\", error_description=\"It is unknown.\""))
        // An action that is open may be asked with any proof.
        #expect(try await host.client(bearer: "bad").get("/who").status == .ok)
    }

    @Test func aSessionIsSignedInAndOut() async throws {
        let client = host.client()
        #expect(try await client.post("/who/enter", form: ["id": "7"]).status == .noContent)
        let first = client.cookies["martlet_session"]
        #expect(try await client.get("/who").text == "7 by session pwd")
        #expect(try await client.get("/who/known").json([String].self) == ["N", "ab", "v", "1800000000.0"])
        // The id of before is worth nothing, whoever knows it.
        try await client.post("/who/enter", form: ["id": "8"])
        #expect(client.cookies["martlet_session"] != first)
        let other = host.client()
        other.cookies["martlet_session"] = first
        #expect(try await other.get("/who").text != "8 by session pwd")
        let last = client.cookies["martlet_session"]
        try await client.post("/who/leave")
        #expect(try await client.get("/who").text == "nobody")
        other.cookies["martlet_session"] = last
        #expect(try await other.get("/who").text == "nobody")
    }

    @Test func whatIsKnownOfAUserIsLookedUpWhereTheSchemeSaysSo() async throws {
        let host = try TestHost(
            controllers: WhoController.self,
            middleware: Sessions(.memory),
            Authentication(.session(Directory())))
        #expect(try await host.client(as: User(id: "1", name: "Old")).get("/who/known").text.contains("Looked up"))
        #expect(try await host.client(as: User(id: "known")).get("/who/known").text.contains("Known"))
        for id in ["gone", "known to be gone"] {
            #expect(try await host.client(as: User(id: id)).get("/who/inside").status == .unauthorized, "\(id)")
        }
    }

    @Test func aBrowserIsSentToTheSignInPageAndBack() async throws {
        let browser = host.client(headers: [.accept: "text/html,*/*;q=0.8"])
        let answer = try await browser.get("/who/inside?a=1&b=%26")
        #expect(answer.status == .seeOther)
        #expect(answer.headers[.location] == "/sign-in?return-to=/who/inside%3Fa%3D1%26b%3D%2526")
        // What is posted is not sent again from there.
        #expect(try await browser.post("/who/known").status == .methodNotAllowed)
        // A program is told, and so is a stream of events.
        for accept in ["application/json", "text/event-stream", "*/*"] {
            #expect(try await host.client(headers: [.accept: accept]).get("/who/inside").status == .unauthorized)
        }
    }

    @Test func anAppThatCannotAskDoesNotStart() {
        let mistakes: [(middleware: [any Middleware], sentence: String)] = [
            ([Authentication(.session)], "Authentication needs Sessions before it: add app.use(Sessions(…))"),
            ([Authentication(.session), Sessions(.memory)], "name Sessions first"),
            ([Authentication()], "has no scheme"),
            ([Sessions(.memory), Authentication(.session, .session)], "two schemes of the name 'session'"),
        ]
        for mistake in mistakes {
            let error = #expect(throws: StartupError.self) {
                try TestHost(controllers: WhoController.self) { app in
                    for middleware in mistake.middleware { app.use(middleware) }
                }
            }
            #expect(error?.description.contains(mistake.sentence) == true, "\(error?.description ?? "")")
        }
    }

    static let targets: [(target: String, isTaken: Bool)] = [
        ("/", true), ("/who/inside?a=1", true), ("/a//b", true), ("//evil.example", false), ("/\\evil.example", false),
        ("https://evil.example", false), ("evil", false), ("", false), ("/\t/evil.example", false), ("/\n/evil", false),
        (" /a", false), ("/a b", false), ("/\u{e4}", false), ("javascript:alert(1)", false), ("\\/evil", false),
        ("/a\\..\\b", false), ("/" + String(repeating: "a", count: 3000), false),
    ]

    @Test(arguments: targets)
    func nobodyIsSentToAnotherHost(_ row: (target: String, isTaken: Bool)) async throws {
        let answer = try await host.client().get("/who/target?return-to=\(row.target.percentEncoded)")
        #expect(answer.text == (row.isTaken ? row.target : "/"))
    }
}
