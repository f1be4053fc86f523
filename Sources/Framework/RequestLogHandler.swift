import Logging

/// What a request logs to: the application's log, each line with the id of the request.
///
/// The id is made with the first line: most requests log nothing.
struct RequestLogHandler: LogHandler {
    /// The handler of a copy that was given settings of its own.
    private final class Own: Sendable {
        let handler: any LogHandler
        init(_ handler: any LogHandler) { self.handler = handler }
    }
    // Two references and no more: every request has one of these, and few log anything.
    private let context: Context
    private var own: Own?

    init(_ context: Context) { self.context = context }

    private var application: any LogHandler {
        get { own?.handler ?? context.applicationLogger.handler }
        set { own = Own(newValue) }
    }

    func log(event: LogEvent) {
        var event = event
        event.metadata = ["request-id": "\(context.requestID)"].merging(event.metadata ?? [:]) { $1 }
        application.log(event: event)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { application[metadataKey: key] }
        set { application[metadataKey: key] = newValue }
    }

    var metadata: Logger.Metadata {
        get { application.metadata }
        set { application.metadata = newValue }
    }

    var logLevel: Logger.Level {
        get { application.logLevel }
        set { application.logLevel = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { application.metadataProvider }
        set { application.metadataProvider = newValue }
    }
}

extension Context {
    /// What the request logs to: every line has `request-id`. In whatever the request calls it is `Logger.current`, too.
    public var logger: Logger {
        Logger(label: environment.logger.label) { _ in RequestLogHandler(self) }
    }

    /// What the application logs to.
    fileprivate var applicationLogger: Logger { environment.observer?.logger(for: self) ?? environment.logger }
}

extension Context {
    /// Makes an answer whose every part has the request's logger for `Logger.current`.
    func logging(_ make: () -> Answer) -> Answer {
        withLogger(logger) { logger in
            switch make() {
            case .now(let response):
                return .now(response.logging(to: logger))
            case .later(let wait):
                return .later { await withLogger(logger) { _ in await wait() }.logging(to: logger) }
            }
        }
    }
}

extension Response {
    /// The same response; what its body does logs to the request's logger.
    fileprivate func logging(to logger: Logger) -> Response {
        switch body {
        case .empty, .buffer, .omitted, .deferred:
            return self
        case .stream(let length, let write):
            var response = self
            response.body = .stream(length: length) { writer in
                try await withLogger(logger) { _ in try await write(writer) }
            }
            return response
        case .events(var stream):
            guard let body = stream.body else { return self }
            stream.body = { client in try await withLogger(logger) { _ in try await body(client) } }
            var response = self
            response.body = .events(stream)
            return response
        }
    }
}
