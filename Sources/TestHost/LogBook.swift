import Logging
import MartletCore
import Synchronization

/// A line that an application under test has logged.
public struct LogLine: Sendable, CustomStringConvertible {
    /// How severe the line is.
    public let level: Logger.Level
    /// The text as it was logged, without the metadata.
    public let message: String
    /// Its own metadata, and that of its logger and of the request, as text.
    public let metadata: [String: String]

    /// The line as failures print it: `error: the text key=value`, the keys sorted.
    public var description: String {
        let metadata = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "\(level): \(message)\(metadata)"
    }
}

/// Log lines in the order they came.
final class LogBook: Sendable {
    private let written = Mutex<[LogLine]>([])
    var lines: [LogLine] { written.withLock { $0 } }
    func add(_ line: LogLine) { written.withLock { $0.append(line) } }
}

/// Keeps what is logged: for the host, and for the request that it belongs to.
struct CapturingLogHandler: LogHandler {
    let log: LogBook
    var next: (any LogHandler)?
    /// Whose lines they are; nil for whatever request the current task works for.
    var request: LogBook?
    var metadata: Logger.Metadata
    var logLevel: Logger.Level
    var metadataProvider: Logger.MetadataProvider?

    init(log: LogBook, next: (any LogHandler)?, metadata: Logger.Metadata, logLevel: Logger.Level) {
        self.log = log
        self.next = next
        self.metadata = metadata
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        for more in [metadataProvider?.get(), event.metadata] { all.merge(more ?? [:]) { $1 } }
        let line = LogLine(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" })
        log.add(line)
        (request ?? (CurrentRequest.observed as? RequestActivity)?.log)?.add(line)
        guard let next else { return }
        var forwarded = event
        forwarded.metadata = all
        next.log(event: forwarded)
    }
}
