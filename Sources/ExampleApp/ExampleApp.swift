import Martlet

package struct ExampleApp: App {
    package init() {}

    package func configure(_ app: inout AppBuilder) throws {
        app.services.add(ChatRooms())
        app.services.add(SystemMonitor())
        app.use(Compression(), ClientScript(), Sessions(.memory))
    }
}
