import Martlet
import MartletTesting
import Testing

@testable import ExampleApp

/// `Scripts/test-discovery` does the same with an app of another package, in debug and release.
@Suite struct DiscoveryTests {
    @Test(
        "A controller answers wherever it is declared",
        arguments: [
            ("/discovery-tests", "the test target"), ("/controller-library", "a library target"),
            ("/client/count", #"{"code":0,"msg":"","data":{"count":0}}"#),
        ])
    func routed(path: String, text: String) async throws {
        let response = try await TestHost(DiscoveringApp()).client().get(path)
        #expect(response.status == .ok)
        #expect(response.text == text)
    }

    @Test("Each controller is found once")
    func once() throws {
        let names = try TestHost(DiscoveringApp()).application.routes.map(\.name)
        for name in ["Own@index", "Library@index", "Client@index"] {
            #expect(names.filter { $0 == name }.count == 1)
        }
    }

    @Test("Controllers of a test target are for the apps of that target alone")
    func testTargetsAreApart() async throws {
        let client = try TestHost(ExampleApp()).client()
        #expect(try await client.get("/discovery-tests").status == .notFound)
        #expect(try await client.get("/controller-library").text == "a library target")
    }

    @Test("An explicit list of controllers replaces those that were found")
    func explicit() async throws {
        let client = try TestHost(DiscoveringApp()) { $0.controllers(OwnController.self) }.client()
        #expect(try await client.get("/discovery-tests").text == "the test target")
        #expect(try await client.get("/controller-library").status == .notFound)
    }
}
