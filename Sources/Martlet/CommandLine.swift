import ArgumentParser
import Foundation
import Logging

extension App {
    /// What `@main` runs: `serve`, which is the default, or `routes`.
    public static func main() async {
        AppCommand.app = AppCommand.Entry(start: Self.init)
        await AppCommand.main()
    }
}

/// The command line of every app.
struct AppCommand: AsyncParsableCommand {
    /// The app that `main` was called on.
    struct Entry: Sendable {
        let start: @Sendable () -> any App
    }
    // Written once, before anything reads it: the parser makes commands itself and passes them nothing.
    nonisolated(unsafe) static var app: Entry?

    static var configuration: CommandConfiguration {
        let name = ProcessInfo.processInfo.processName
        return CommandConfiguration(
            commandName: name, abstract: "A Martlet application.", subcommands: [Serve.self, Routes.self],
            defaultSubcommand: Serve.self)
    }

    /// Ends with a sentence and exit code 1 when the app cannot be started.
    fileprivate static func orFail<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve until SIGINT or SIGTERM.")

    @Option(help: "The address to listen on; the environment's HOST, else 127.0.0.1.")
    var host: String?

    @Option(help: "The port to listen on; the environment's PORT, else 8080.")
    var port: Int?

    func run() async throws {
        try await AppCommand.orFail {
            guard let app = AppCommand.app?.start() else { return }
            let address = Server.Address(host: hostSetting, port: try portSetting)
            let signals = ShutdownSignals()
            // From here on, so that a second signal ends a start that takes too long.
            async let end: Void = signals.first()
            let server = try await Server.start(app, at: address) { builder in
                builder.isDevelopment = ProcessInfo.processInfo.environment["MARTLET_ENV"] == "development"
            }
            FileHandle.standardOutput.write(Data("Listening on \(server.address)\n".utf8))
            await end
            await server.shutDown()
        }
    }

    private var hostSetting: String { host ?? ProcessInfo.processInfo.environment["HOST"] ?? "127.0.0.1" }

    private var portSetting: Int {
        get throws {
            let text = ProcessInfo.processInfo.environment["PORT"]
            if let port = port ?? text.map({ Int($0) ?? -1 }) {
                guard (0...65535).contains(port) else {
                    throw StartupError(
                        "The port must be a number from 0 to 65535, not \(self.port.map { "\($0)" } ?? text ?? "").")
                }
                return port
            }
            return 8080
        }
    }
}

struct Routes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the routes.")

    func run() async throws {
        try await AppCommand.orFail {
            guard let app = AppCommand.app?.start() else { return }
            print(try RouteListing.text(of: app))
        }
    }
}
