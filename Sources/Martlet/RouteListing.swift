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
        let rows = application.routes.sorted { ($0.path, $0.name) < ($1.path, $1.name) }.map { route in
            [route.verbs.description, route.path, route.name, route.action.location.description]
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { text, width in text + String(repeating: " ", count: width - text.count) }
                .joined(separator: "  ").trimmingTrailingSpaces
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
