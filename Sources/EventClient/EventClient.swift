import ArgumentParser
import Foundation
import MartletClient
import Synchronization

/// The page's client in a terminal: shows what a stream sends, and says what is typed.
@main
struct EventClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "EventClient",
        abstract: "Follows a stream of server-sent events; with a user, also chats.",
        discussion: """
            EventClient http://localhost:8080/events
            EventClient http://localhost:8080/chat/stream --user Alice

            Lines from standard input are posted as the form field `message`. Ends at the end of the stream, or at \
            Ctrl-C.
            """)

    enum Colour: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    @Argument(help: "The stream's URL.")
    var url: String

    @Option(help: "Log in with this name first.")
    var user: String?

    @Option(help: "The ID to log in with, by default the name.")
    var userID: String?

    @Option(help: "Where to log in: a form with user_id and username.")
    var login = "/account/login"

    @Option(help: "Where lines are sent: a form with message.")
    var send = "/chat/send"

    @Option(help: "The ID of the event to resume after.")
    var lastEventID = ""

    @Option(help: "Give up after so many failed attempts in a row.")
    var attempts: Int?

    @Option(help: "The delay in milliseconds before connecting again.")
    var retry: Int = 3000

    @Option(help: "The silence in seconds after which a connection counts as lost.")
    var idle: Int = 45

    @Option(help: "auto, always or never.")
    var color = Colour.auto

    func run() async throws {
        let screen = Screen(inColour: color == .always || (color == .auto && Screen.isTerminal))
        guard let origin = URL(string: "/", relativeTo: URL(string: url))?.absoluteString else {
            throw ValidationError("\(url) is not a URL.")
        }
        let web = WebClient(origin)
        if let user {
            let reply = try await web.post(login, form: ["user_id": userID ?? user, "username": user])
            screen.show(.note, reply.isSuccess ? "logged in as \(user)" : "login failed: \(Self.message(of: reply))")
            if !reply.isSuccess { throw ExitCode(1) }
        }
        let source = web.eventSource(url, configuration: configuration)
        source.onOpen { screen.show(.note, "open") }
        source.onError { screen.show(.error, $0.description) }
        let talking = Task { await talk(web, screen) }
        defer { talking.cancel() }
        do {
            for try await event in source.events { screen.show(event) }
            screen.show(.note, "the server says that there is no more")
        } catch {
            throw ExitCode(1)
        }
    }

    private var configuration: EventSource.Configuration {
        var configuration = EventSource.Configuration()
        configuration.lastEventID = lastEventID
        configuration.maximumAttempts = attempts
        configuration.retry = .milliseconds(max(retry, 0))
        configuration.idleTimeout = idle > 0 ? .seconds(idle) : nil
        configuration.retriedStatuses = EventSource.Configuration.transientStatuses
        return configuration
    }

    private func talk(_ web: WebClient, _ screen: Screen) async {
        for await line in StandardInput.lines where !line.isEmpty {
            switch await web.send(WebRequest(.post, send, body: .form(["message": line]))) {
            case .success(let reply) where reply.isSuccess: break
            case .success(let reply): screen.show(.error, Self.message(of: reply))
            case .failure(let error): screen.show(.error, error.description)
            }
        }
    }

    /// What an envelope or a problem says, else the status.
    private static func message(of reply: WebResponse) -> String {
        struct Answer: Decodable {
            var msg: String?
            var detail: String?
        }
        let answer = try? reply.json(as: Answer.self)
        return answer?.msg ?? answer?.detail ?? "status \(reply.status.code)"
    }
}

/// Lines as they are typed, read on a thread of their own, since reading blocks.
enum StandardInput {
    static var lines: AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }
}
