import Martlet

@testable import ExampleApp

/// Names no controller. A test process links the executables of its package too, so that the example app's are found
/// as well and need their services.
struct DiscoveringApp: App {
    func configure(_ app: inout AppBuilder) throws {
        try ExampleApp().configure(&app)
        app.services.add(Greeting())
    }
}
