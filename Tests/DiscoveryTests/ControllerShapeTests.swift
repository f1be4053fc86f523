import Martlet
import MartletTesting
import Testing

@Suite struct ControllerShapeTests {
    let client: TestClient
    init() throws { client = try TestHost(DiscoveringApp()).client() }

    @Test(
        "A controller of any shape is found and its actions are called",
        arguments: [
            ("struct", "hello"), ("class", "hello"), ("actor", "hello 1"), ("actor/outside", "outside"),
            ("main-actor", "hello 1"), ("public", "public"), ("package", "package"), ("private", "private"),
            ("nested", "nested"), ("extended", "extended"), ("initializer", "hello hello"),
        ])
    func shape(path: String, text: String) async throws {
        #expect(try await client.get("/shapes/\(path)").text == text)
    }

    @Test(
        "An action is called whatever its effects are",
        arguments: [
            "plain", "throwing", "typed", "never", "waiting", "both", "staying", "main", "blocking", "repeat",
        ])
    func effects(name: String) async throws {
        #expect(try await client.get("/shapes/effects/\(name)").text == name)
    }

    @Test("A result whose type the source hides is sent")
    func opaque() async throws {
        #expect(try await client.get("/shapes/effects/opaque").json([String].self) == ["opaque"])
    }

    @Test("Arguments reach the parameters that they are for")
    func parameters() async throws {
        let labels = try await client.get("/shapes/parameters/labels/east/7?inout=b")
        #expect(labels.text == "east 7 b \"a\"")
        let absent = try await client.get("/shapes/parameters/defaults")
        #expect(absent.text == #"3 0 ["x", "y"] false"#)
        let present = try await client.get("/shapes/parameters/defaults?page=1&size=2&tags=a&tags=b&all=true")
        #expect(present.text == #"1 2 ["a", "b"] true"#)
    }

    @Test("A parameter comes from where its attribute says")
    func sources() async throws {
        client.cookies = ["theme": "light"]
        let all = try await client.post(
            "/shapes/parameters/sources?p=4", form: ["text": "hi"],
            headers: [.userAgent: "swift", .init("X-Tag")!: "t"])
        #expect(all.text == "4 swift t light hi POST")
        client.cookies = [:]
        let few = try await client.post(
            "/shapes/parameters/sources", form: ["text": "hi"], headers: [.userAgent: "swift"])
        #expect(few.text == "1 swift - dark hi POST")
    }

    @Test("The compiler's descriptor has the doc comments and the places of the source")
    func descriptor() throws {
        let descriptor = PublicController.controllerDescriptor
        #expect(descriptor.documentation == "The first line.\n\nThe last line.")
        #expect(descriptor.location.fileID == "DiscoveryTests/ControllerShapes.swift")
        let action = try #require(descriptor.actions.first)
        #expect(action.documentation == "Says.")
        #expect(action.location.line == descriptor.location.line + 2)
    }
}
