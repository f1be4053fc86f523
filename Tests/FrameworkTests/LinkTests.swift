import Foundation
import HTTPTypes
import MartletCore
import MartletTesting
import Testing

enum Genre: String, Decodable, Sendable { case crime, poetry = "po&etry" }

@Controller("shelves")
struct ShelvesController {
    struct Filter: Codable, Sendable {
        let author: String
        let year: Int?
    }

    func index() -> String { "all" }
    func show(id: Int) -> String { "\(id)" }
    @GET("by/{name}") func named(_ name: String) -> String { name }
    func search(text: String, page: Int = 1, tags: [String], exact: Bool?) -> String {
        "\(text) \(page) \(tags) \(exact.map { "\($0)" } ?? "-")"
    }
    @GET func genre(@Query genre: Genre, @Query("n") count: Int = 3, _ ctx: Context, @Header agent: String?) -> String {
        "\(genre.rawValue) \(count)"
    }
    @GET func filter(@Query filter: Filter) -> String { "\(filter.author) \(filter.year ?? 0)" }
    @GET func since(date: Date) -> String { "\(Int(date.timeIntervalSince1970))" }
    @GET("files/{path...}") func file(path: String) -> String { path }
    @GET("page/{n?}") func page(n: Int?) -> String { n.map { "\($0)" } ?? "none" }
    @GET("v{major}.{minor}/{for}") func version(major: Int, minor: String, `for`: String) -> String {
        "\(major) \(minor) \(`for`)"
    }
    @POST("{id}/copies") func copy(id: Int, title: String, @Query dryRun: Bool = false) -> String {
        "\(id) \(title) \(dryRun)"
    }
    @GET("/聊天") func chat() -> String { "chat" }
    @GET("/{path...}") func anywhere(path: String) -> String { path }
    // Names that the generated code might have used itself.
    @GET("links/{mount}") func mount(mount: Int, path: String?, query: String?) -> String { "\(mount) \(path ?? "-")" }
    @GET func links() -> String { "links" }
}

@Suite struct LinkTests {
    static let links = ShelvesController.links

    /// Where it leads is asked for, so that what is written is what is read.
    static let table: [(link: Link, text: String, answer: String)] = [
        (links.index(), "/shelves", "all"), (links.show(id: -7), "/shelves/-7", "-7"),
        (links.named(name: "a b/c?d"), "/shelves/by/a%20b%2Fc%3Fd", "a b/c?d"),
        (links.named(name: "é%20+&;="), "/shelves/by/%C3%A9%2520%2B%26%3B%3D", "é%20+&;="),
        (
            links.search(text: "a b+c&d=e", tags: ["x", "y z"]),
            "/shelves/search?text=a%20b%2Bc%26d%3De&tags=x&tags=y%20z",
            #"a b+c&d=e 1 ["x", "y z"] -"#
        ),
        (
            links.search(text: "", page: 2, tags: [], exact: true), "/shelves/search?text=&page=2&exact=true",
            " 2 [] true"
        ),
        (links.genre(genre: .poetry), "/shelves/genre?genre=po%26etry", "po&etry 3"),
        (links.genre(genre: .crime, count: 9), "/shelves/genre?genre=crime&n=9", "crime 9"),
        (links.filter(filter: .init(author: "É", year: 1)), "/shelves/filter?author=%C3%89&year=1", "É 1"),
        (
            links.since(date: Date(timeIntervalSince1970: 1_000_000)), "/shelves/since?date=1970-01-12T13%3A46%3A40Z",
            "1000000"
        ),
        (links.file(path: "a/b c/d"), "/shelves/files/a/b%20c/d", "a/b c/d"),
        (links.file(path: "/evil.example/x"), "/shelves/files/%2Fevil.example/x", "/evil.example/x"),
        (links.anywhere(path: "/evil.example"), "/%2Fevil.example", "/evil.example"),
        (links.file(path: ""), "/shelves/files", ""),
        (links.page(), "/shelves/page", "none"), (links.page(n: 4), "/shelves/page/4", "4"),
        (links.version(major: 1, minor: "2.3", for: "x"), "/shelves/v1.2.3/x", "1 2.3 x"),
        (links.chat(), "/%E8%81%8A%E5%A4%A9", "chat"),
        (links.mount(mount: 3, path: "p"), "/shelves/links/3?path=p", "3 p"),
        (links.links(), "/shelves/links", "links"),
    ]

    @Test(arguments: Transport.allCases) func `a link leads to its action with its values`(transport: Transport)
        async throws
    {
        let client = try TestHost(controllers: ShelvesController.self, over: transport).client()
        for row in Self.table {
            #expect("\(row.link)" == row.text)
            let response = try await client.get(row.link)
            #expect(response.status == .ok, "\(row.text)")
            #expect(response.text == row.answer, "\(row.text)")
        }
        let copied = try await client.post(
            Self.links.copy(id: 3, dryRun: true), form: ["title": "t"])
        #expect(copied.text == "3 t true")
    }

    @Test func `where a controller is mounted, its links lead there`() async throws {
        var links: ShelvesController.Links?
        let host = try TestHost(controllers: ShelvesController.self) { app in
            links = app.mount(ShelvesController.self, at: "v2/shelf")
        }
        let mounted = try #require(links)
        #expect("\(mounted.show(id: 1))" == "/v2/shelf/1")
        #expect("\(mounted.index())" == "/v2/shelf")
        #expect("\(mounted.chat())" == "/%E8%81%8A%E5%A4%A9")
        #expect(try await host.client().get(mounted.show(id: 1)).text == "1")
        let root = ShelvesController.Links(at: MountedPath(own: "/shelves", prefix: "/"))
        #expect("\(root.index()) \(root.show(id: 2))" == "/ /2")
    }

    /// Whatever a value is, it comes back as it was.
    @Test func `random values survive the way`() async throws {
        let client = try TestHost(controllers: ShelvesController.self).client()
        var generator = SystemRandomNumberGenerator()
        let letters = Array("ab/?#%&=+;:@ é聊\"'<>\\.~-_{}[]|^`,$!*()\u{7f}")
        for _ in 0..<300 {
            let text = String((1...8).compactMap { _ in letters.randomElement(using: &generator) })
            let found = try await client.get(Self.links.search(text: "x\(text)", tags: []))
            #expect(found.text == "x\(text) 1 [] -", "\(Self.links.search(text: text, tags: []))")
            // A path has no place for these, encoded or not.
            guard !"x\(text)".split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { continue }
            #expect(try await client.get(Self.links.named(name: "x\(text)")).text == "x\(text)")
        }
    }

    @Test func `a redirect takes a link`() throws {
        #expect(Redirect(to: Self.links.named(name: "a b")).location == "/shelves/by/a%20b")
    }
}
