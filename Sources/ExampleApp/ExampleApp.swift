import Foundation
import Martlet
import MartletSQLite

package struct ExampleApp: App {
    package init() {}

    package func configure(_ app: inout AppBuilder) throws {
        app.services.add(ChatRooms())
        app.services.add(SystemMonitor())
        app.mount(ClientScript())
        if let file = ProcessInfo.processInfo.environment["EVENTS_FILE"], !file.isEmpty {
            // What was said and who is signed in outlive a restart.
            // Another instance of this app that has the file will hardly end by itself: say so soon.
            app.events.store = SQLiteHistory(file, handoverTimeout: .seconds(2))
            app.use(Compression(), Sessions(try SQLiteSessionStore(file + ".sessions")))
        } else {
            app.use(Compression(), Sessions(.memory))
        }
    }
}
