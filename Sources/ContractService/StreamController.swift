import Foundation
import Martlet
import MartletClient
import NIOCore

/// The commands that a suite gives.
@Controller("/")
struct StreamController {
    let streams: Streams

    struct Capabilities: Encodable {
        let name = "martlet"
        let capabilities = [
            "headers", "last-event-id", "post", "report", "read-timeout", "restart", "bom",
            // A 204 ends the stream for good.
            "server-directed-shutdown-request",
        ]
    }

    /// Says that the service is up, and what it can do beyond the standard.
    @GET("/") func status() -> Capabilities { Capabilities() }

    /// Opens a stream.
    @POST("/") func open(@Body order: StreamOrder) throws -> Response {
        let id = try streams.open(order)
        return Response(status: .created, headers: [.location: "/streams/\(id)"])
    }

    /// Ends the service.
    @DELETE("/") func stop() {
        // The signal that the server drains at: this answer is still sent.
        kill(getpid(), SIGTERM)
    }

    struct Command: Decodable, Sendable {
        let command: String
    }

    @POST("/streams/{id}") func command(id: Int, @Body command: Command) throws {
        guard let stream = streams[id] else { throw HTTPError(.notFound) }
        // All types are listened for, so `listen` has nothing to do.
        switch command.command {
        case "restart": stream.reconnect()
        case "listen": break
        default: throw HTTPError(.badRequest, "There is no command \(command.command).")
        }
    }

    @DELETE("/streams/{id}") func close(id: Int) throws {
        guard streams.close(id) else { throw HTTPError(.notFound) }
    }
}

/// What a suite asks for when it opens a stream.
struct StreamOrder: Decodable, Sendable {
    let streamUrl: String
    let callbackUrl: String
    var initialDelayMs: Int?
    var readTimeoutMs: Int?
    var lastEventId: String?
    var headers: [String: String]?
    var method: String?
    var body: String?

    var configuration: EventSource.Configuration {
        var fields = HTTPFields()
        for (name, value) in headers ?? [:] {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        var configuration = EventSource.Configuration(headers: { [fields] in fields })
        // Suites wait for every reconnection: no longer than they ask for.
        configuration.backoff = .none
        if let initialDelayMs { configuration.retry = .milliseconds(max(initialDelayMs, 0)) }
        configuration.idleTimeout = readTimeoutMs.map { .milliseconds($0) }
        // Suites send messages of many megabytes on one line.
        configuration.maximumLineBytes = 64 << 20
        configuration.maximumEventBytes = 64 << 20
        configuration.lastEventID = lastEventId ?? ""
        if let method, let method = HTTPRequest.Method(method) { configuration.method = method }
        configuration.body = body.map { ByteBuffer(string: $0) }
        return configuration
    }
}
