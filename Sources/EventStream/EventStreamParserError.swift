/// Why a parser gave up on an event stream.
public enum EventStreamParserError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A line has more than `limit` bytes.
    case lineTooLong(limit: Int)
    /// The data of one event has more than `limit` bytes.
    case eventTooLarge(limit: Int)

    /// The reason as a clause, for a log; it quotes nothing of the stream.
    public var description: String {
        switch self {
        case .lineTooLong(let limit): "a line of the event stream is longer than \(limit) bytes"
        case .eventTooLarge(let limit): "an event's data is larger than \(limit) bytes"
        }
    }
}
