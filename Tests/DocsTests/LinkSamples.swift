import HTTPTypes
import Martlet
import MartletTesting
import Testing

// The samples of Docs/controllers.md about links.

@Controller
struct PoemController {
    /// GET /poem/{id}
    func show(id: Int) -> String { "poem \(id)" }

    /// GET /poem/search
    func search(text: String, page: Int = 1) -> String { "\(text), page \(page)" }

    /// POST /poem: on to what was made
    func create(text: String) -> Redirect { Redirect(to: Self.links.show(id: text.count)) }

    /// GET /poem/page
    func page() -> HTML { HTML("<a href='\(Self.links.search(text: "a b", page: 2))'>more</a>") }
}

@Suite struct LinkSampleTests {
    @Test func `what was made is where it says`() async throws {
        let client = try TestHost(controllers: PoemController.self).client()
        let links = PoemController.links
        #expect("\(links.search(text: "a b", page: 2))" == "/poem/search?text=a%20b&page=2")
        try await client.get(links.show(id: 7)).expect(.ok)
        try await client.post("/poem", form: ["text": "haiku"]).expect(header: .location, "/poem/5")
    }

    @Test func `the page of the guide`() async throws {
        let client = try TestHost(controllers: PoemController.self).client()
        #expect(try await client.get("/poem/page").text == "<a href='/poem/search?text=a%20b&page=2'>more</a>")
    }
}
