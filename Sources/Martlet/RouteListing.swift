import MartletCore
import NIOCore
import NIOPosix

/// The routes of an app as a table, for people.
enum RouteListing {
    /// - Throws: what keeps the app from starting.
    static func text(of app: some App) throws -> String {
        // Nothing is served: a loop is only needed to put the application together.
        let application = try Application(app, eventLoops: [MultiThreadedEventLoopGroup.singleton.next()]) { builder in
            // A server that runs has it, and nothing is published here.
            builder.events.store = nil
        }
        return application.routeListing(showsLocations: true)
    }
}
