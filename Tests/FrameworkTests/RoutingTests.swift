import Martlet
import MartletTesting
import Testing

@Controller("things")
struct ThingController {
    func index() -> String { "index" }
    func show(id: String) -> String { "show \(id)" }
    func create() -> String { "create" }
    func update(id: String) -> String { "update \(id)" }
    func delete(id: String) -> String { "delete \(id)" }
    func special() -> String { "special" }
    @ANY("any") func any(_ ctx: Context) -> String { ctx.request.method.rawValue }
    @GET("files/{path...}") func files(path: String) -> String { "files '\(path)'" }
    @GET("maybe/{page?}") func maybe(page: Int?) -> String { "maybe \(page ?? 0)" }
    @OPTIONS("own") func own() -> String { "own options" }
    @GET("own") func ownGet() -> String { "own" }
    @HEAD("probe") func probe(_ ctx: Context) -> Status { Status(.accepted) }
}

@Controller("/")
struct TopController {
    @GET("{name}") func name(name: String) -> String { "top \(name)" }
}

@Controller("one")
struct OneController {
    @GET("same/{id}") func first(id: Int) -> String { "1" }
}

@Controller("two")
struct TwoController {
    @GET("/one/same/{name}") func second(name: String) -> String { "2" }
}

@Controller("clash")
struct ClashController {
    func index() -> String { "" }
}

@Controller("/")
struct OptionalClashController {
    @GET("clash/{id?}") func maybe(id: Int?) -> String { "" }
}

@Suite struct RoutingTests {
    let client: TestClient
    init() throws { client = try TestHost(controllers: ThingController.self).client() }

    private static let requests: [(HTTPRequest.Method, String, Int, String?)] = [
        (HTTPRequest.Method.get, "/things", 200, "index"), (.get, "/things/7", 200, "show 7"),
        (.post, "/things", 200, "create"), (.put, "/things/7", 200, "update 7"), (.patch, "/things/7", 200, "update 7"),
        (.delete, "/things/7", 200, "delete 7"), (.get, "/things/special", 200, "special"),
        // A static route that lacks the verb leaves it to the parameter's.
        (.delete, "/things/special", 200, "delete special"),
        (.get, "/things/a%2Fb%20c", 200, "show a/b c"), (.get, "/things/%E6%BC%A2", 200, "show 漢"),
        (.get, "/things/special?x=1", 200, "special"), (.get, "/things/files", 200, "files ''"),
        (.get, "/things/files/", 200, "files ''"), (.get, "/things/files/a/b%2Fc", 200, "files 'a/b/c'"),
        (.get, "/things/maybe", 200, "maybe 0"), (.get, "/things/maybe/3", 200, "maybe 3"),
        (.trace, "/things/any", 200, "TRACE"), (.options, "/things/any", 200, "OPTIONS"),
        (.options, "/things/own", 200, "own options"),
        (.get, "/Things", 404, nil), (.get, "/things/7/8", 404, nil), (.get, "/", 404, nil),
        (.get, "//things", 404, nil),
        (.get, "/things//", 404, nil), (.get, "/things/files/../7", 404, nil), (.get, "/things/%2e%2e", 404, nil),
        (.get, "/things/%", 400, nil), (.get, "/things/%ff", 400, nil), (.get, "/things/a%00", 400, nil),
        (.post, "/things/maybe/3", 405, nil),
    ]

    @Test(arguments: requests)
    func `a request finds its action`(method: HTTPRequest.Method, target: String, status: Int, text: String?)
        async throws
    {
        let response = try await client.request(method, target)
        #expect(response.status.code == status)
        if let text { #expect(response.text == text) } else { #expect(try response.problem().status == status) }
    }

    @Test(arguments: [
        ("/things", "GET, POST, HEAD, OPTIONS"), ("/things/7", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("/things/special", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
    ])
    func `405 and OPTIONS tell what is allowed`(target: String, allowed: String) async throws {
        func sorted(_ response: TestResponse) -> [String] {
            (response.headers[.allow] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }.sorted()
        }
        let expected = allowed.split(separator: ", ").map(String.init).sorted()
        let refused = try await client.request(.trace, target)
        #expect(refused.status == .methodNotAllowed)
        #expect(sorted(refused) == expected)
        #expect(try refused.problem().title == "Method Not Allowed")
        let options = try await client.request(.options, target)
        #expect(options.status == .noContent)
        #expect(sorted(options) == expected)
        #expect(try await client.request(.options, "/nothing").status == .notFound)
        #expect(try await client.request(.options, "*").status == .noContent)
    }

    @Test func `HEAD is GET without the body`() async throws {
        let response = try await client.request(.head, "/things/7")
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(response.body.readableBytes == 0)
        #expect(try await client.request(.head, "/things/probe").status == .accepted)
        #expect(try await client.request(.head, "/nothing").status == .notFound)
    }

    @Test(arguments: [
        ("/things/", "/things"), ("/things/?a=1&b=%2F", "/things?a=1&b=%2F"), ("/things/7/", "/things/7"),
        ("/things/a%20b/?", "/things/a%20b?"),
    ])
    func `a trailing slash is redirected, with its query`(target: String, location: String) async throws {
        for method in [HTTPRequest.Method.get, .post] {
            let response = try await client.request(method, target)
            #expect(response.status == .permanentRedirect)
            #expect(response.headers[.location] == location)
        }
    }

    @Test(arguments: ["//evil.example/", "/\\evil.example/", "//evil.example/%2e%2e/", "/\\/evil.example/", "///"])
    func `no redirect leads to another host`(target: String) async throws {
        let client = try TestHost(controllers: TopController.self, ThingController.self).client()
        #expect(try await client.get("/abc/").headers[.location] == "/abc")
        let response = try await client.get(target)
        #expect(response.headers[.location] == nil)
        #expect(response.status == .notFound)
    }

    // MARK: - Start-up

    private func startupError(_ controllers: any Controller.Type..., configure: (inout AppBuilder) -> Void = { _ in })
        -> String?
    {
        do {
            _ = try TestHost(OneApp()) { builder in
                builder.controllers(controllers)
                configure(&builder)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private struct OneApp: App {
        func configure(_ app: inout AppBuilder) {}
    }

    @Test func `two actions on one route end the start-up, both named with their places`() throws {
        let error = try #require(startupError(OneController.self, TwoController.self))
        let location = /FrameworkTests\/RoutingTests\.swift:\d+/
        #expect(error.contains("One@first"))
        #expect(error.contains("Two@second"))
        #expect(Set(error.matches(of: location).map { String($0.output) }).count == 2)
        #expect(error.contains("GET"))
    }

    @Test func `an optional place conflicts with the path without it`() throws {
        let error = try #require(startupError(ClashController.self, OptionalClashController.self))
        #expect(error.contains("Clash@index"))
        #expect(error.contains("OptionalClash@maybe"))
    }

    @Test func `a route by name leads to the action`() async throws {
        let client = try TestHost(controllers: ThingController.self) { builder in
            builder.route(.get, "/old/special", to: "Thing@special")
            builder.route(.post, "/old/{id}", to: "Thing@show")
            builder.route(.get, "/old", to: "Thing@show")
        }.client()
        #expect(try await client.get("/old/special").text == "special")
        #expect(try await client.request(.post, "/old/9").text == "show 9")
        // Where the path does not have it, a field does.
        #expect(try await client.get("/old?id=8").text == "show 8")
        #expect(try await client.get("/things/special").text == "special")
    }

    @Test func `a route by a wrong name ends the start-up with a suggestion`() throws {
        let wrong = try #require(startupError(ThingController.self) { $0.route(.get, "/x", to: "Thing@specal") })
        #expect(wrong.contains("'Thing@specal'"))
        #expect(wrong.contains("Did you mean 'Thing@special'?"))
        let hopeless = try #require(startupError(ThingController.self) { $0.route(.get, "/x", to: "Nobody@knows") })
        #expect(!hopeless.contains("Did you mean"))
    }

    @Test func `a malformed route and one that exists end the start-up`() throws {
        let malformed = try #require(startupError(ThingController.self) { $0.route(.get, "/x/{", to: "Thing@special") })
        #expect(malformed.contains("/x/{"))
        let taken = try #require(startupError(ThingController.self) { $0.route(.get, "/things", to: "Thing@special") })
        #expect(taken.contains("Thing@index") && taken.contains("Thing@special"))
    }

    @Test func `all that is wrong at start-up is told at once`() throws {
        let error = try #require(
            startupError(OneController.self, TwoController.self) { $0.route(.get, "/x", to: "Nobody@knows") })
        #expect(error.split(separator: "\n").count == 2)
    }
}
