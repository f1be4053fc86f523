import Martlet

/// Serves on one event loop: `martlet-bench PORT [plain|wrapped|shelf]`.
@main
enum MartletBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let port = arguments.first.flatMap({ Int($0) }) else { throw StartupError("usage: martlet-bench PORT") }
        let app: any App =
            switch arguments.dropFirst().first {
            case "wrapped": WrappedApp()
            case "shelf": ShelfApp()
            default: PlainApp()
            }
        let server = try await Server.start(app, at: Server.Address(port: port), threads: 1)
        print("Listening on \(server.address)")
        // The harness ends the process.
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

/// The controllers alone.
struct PlainApp: App {
    func configure(_ app: inout AppBuilder) throws {
        for topic in ["feed", "stalled"] { try app.events.topic(topic) { $0.slowReaders = .dropOldest } }
    }
}

/// The same controllers behind what most applications use.
struct WrappedApp: App {
    func configure(_ app: inout AppBuilder) { app.use(RequestID(), Compression(), Sessions(.memory)) }
}

/// The same behind all that an app has that is open to the internet.
struct ShelfApp: App {
    func configure(_ app: inout AppBuilder) {
        app.use(
            CORS(origins: ["https://partner.example"], allowsCredentials: true), SecurityHeaders(), RequestID(),
            Sessions(.memory), Authentication(.session))
    }
}

/// Names every request in its response.
struct RequestID: ImmediateMiddleware {
    private static let name = HTTPField.Name("X-Request-ID")

    func answer(_ ctx: Context, next: Next) -> Answer {
        next.answer(ctx) { response in
            if let name = Self.name { response.headers.append(HTTPField(name: name, value: ctx.requestID)) }
        }
    }
}
