import Martlet

@main
struct ExampleApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.services.add(ChatRooms())
        app.services.add(SystemMonitor())
        app.use(Compression(), ClientScript(), Sessions(.memory))
    }
}
