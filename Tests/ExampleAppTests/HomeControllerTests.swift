import MartletTesting
import Testing

/// The demo page, and what the app serves as a whole.
@Suite struct HomeControllerTests {
    @Test(arguments: Transport.allCases, [
        ("/", "text/html; charset=utf-8"), ("/app.css", "text/css; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"), ("/favicon.svg", "image/svg+xml"),
    ])
    func `the demo page and its files are served`(
        _ transport: Transport, _ file: (path: String, type: String)
    ) async throws {
        try await TestHost.example(transport).client().get(file.path).expect(.ok)
            .expect(header: .contentType, file.type)
            .expect(header: .contentSecurityPolicy, "default-src 'self'")
    }

    @Test func `the routes are those of the page`() throws {
        try Snapshot.expect(TestHost.example(.inProcess).routeTable, inFile: "routes.txt")
    }
}
