import MartletTesting
import Testing

@testable import ExampleApp

/// The demo page, and what the app serves as a whole.
@Suite struct HomeControllerTests {
    @Test(
        arguments: Transport.allCases,
        [
            ("/", "text/html; charset=utf-8"), ("/app.css", "text/css; charset=utf-8"),
            ("/app.js", "text/javascript; charset=utf-8"), ("/canvas.js", "text/javascript; charset=utf-8"),
            ("/chat.js", "text/javascript; charset=utf-8"), ("/favicon.svg", "image/svg+xml"),
        ])
    func `the demo page and its files are served`(
        _ transport: Transport, _ file: (path: String, type: String)
    ) async throws {
        try await TestHost.example(transport).client().get(file.path).expect(.ok)
            .expect(header: .contentType, file.type)
            .expect(
                header: .contentSecurityPolicy,
                """
                default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; \
                form-action 'self'; frame-ancestors 'none'
                """)
    }

    @Test func `the routes are those of the page`() throws {
        // Those of other modules that are in the same process are found as well.
        let host = try TestHost(ExampleApp()) { app in
            app.controllers(
                AccountController.self, ChatController.self, ClientController.self, EventsController.self,
                HomeController.self, MonitorController.self, NotificationController.self, SessionController.self,
                TaskController.self, TokenController.self)
        }
        try Snapshot.expect(host.routeTable, inFile: "routes.txt")
    }
}
