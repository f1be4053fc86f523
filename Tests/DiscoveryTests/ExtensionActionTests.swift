import Martlet
import MartletTesting
import Testing

@Suite struct ExtensionActionTests {
    @Test(
        "An action in an extension answers under its controller's prefix",
        arguments: [
            ("/extended/a", "a: the type"), ("/extended/a/newest", "a: newest 3"),
            ("/extended/a/newest?limit=1", "a: newest 1"), ("/extended/a/7", "a: 7"), ("/extended/a/slow", "a: slow"),
            ("/extended-root", "the root"), ("/rooted", "under no prefix"), ("/extended-actor/counted", "1"),
            ("/controller-library", "a library target"), ("/controller-library/again", "a library's extension"),
        ])
    func routed(path: String, text: String) async throws {
        let response = try await TestHost(DiscoveringApp()).client().get(path)
        #expect(response.status == .ok)
        #expect(response.text == text)
    }

    @Test("A verb in an extension counts")
    func verb() async throws {
        let client = try TestHost(DiscoveringApp()).client()
        #expect(try await client.post("/extended/a/lines", json: ["text": "hello"]).text == "a: hello")
        #expect(try await client.delete("/extended/a/lines").status == .methodNotAllowed)
        #expect(try await client.post("/extended/a").text == "a: created")
    }

    @Test("An extension without the attribute, and what it excludes, are not routed")
    func excluded() throws {
        let routes = try TestHost(DiscoveringApp()).application.routes
        let names = routes.filter { $0.path.hasPrefix("/extended/{room}") }.map(\.name)
        #expect(
            names.sorted() == [
                "Extended@create", "Extended@index", "Extended@newest", "Extended@say", "Extended@show",
                "Extended@slow",
            ])
    }

    @Test("A controller that is named brings its extensions along, and one that is not leaves them out")
    func explicit() async throws {
        let client = try TestHost(DiscoveringApp()) { $0.controllers(ExtendedController.self) }.client()
        #expect(try await client.get("/extended/a/7").text == "a: 7")
        #expect(try await client.get("/controller-library/again").status == .notFound)
    }
}
