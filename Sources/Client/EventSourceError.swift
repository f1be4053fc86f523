import MartletEventStream

/// Why a connection was lost, or a source has ended.
public enum EventSourceError: Error, Sendable, CustomStringConvertible {
    /// The server ended the stream. Tried again.
    case ended
    /// The server could not be reached, or the connection broke. Tried again.
    case connection(any Error)
    /// Nothing arrived for as long as this. Tried again.
    case idle(Duration)
    /// The closure that makes the headers threw. Tried again.
    case headers(any Error)
    /// The content was not the gzip that its header announced. Tried again.
    case corruptEncoding
    /// ``EventSource/reconnect()`` was called. Tried again.
    case dropped

    /// The answer was not 200. Final, unless the configuration retries this status.
    case status(Int)
    /// The answer was not `text/event-stream`. Final.
    case contentType(String)
    /// The content has an encoding that was not asked for. Final.
    case contentEncoding(String)
    /// A line or an event beyond the limits. Final.
    case limit(EventStreamParserError)
    /// URL or headers that cannot be sent. Final.
    case invalidRequest(any Error)
    /// As many attempts in a row as the configuration allows have failed, the last one with `last`.
    indirect case attemptsExhausted(Int, last: EventSourceError)

    /// An event of a typed sequence is not of its type.
    case undecodable(EventSource.Event, any Error)
    /// A source can be iterated once.
    case alreadyIterated

    /// The reason as a clause, for a log.
    public var description: String {
        switch self {
        case .ended: "the server ended the stream"
        case .connection(let error): "no connection: \(error)"
        case .idle(let time): "nothing arrived for \(time)"
        case .headers(let error): "no headers for the request: \(error)"
        case .corruptEncoding: "the stream's gzip is broken"
        case .dropped: "the connection was dropped to connect again"
        case .status(let code): "the server answered \(code)"
        case .contentType(let type): "not an event stream but \(type.isEmpty ? "content without a type" : type)"
        case .contentEncoding(let coding): "the stream is encoded with \(coding)"
        case .limit(let error): "\(error)"
        case .invalidRequest(let error): "not a request that can be sent: \(error)"
        case .attemptsExhausted(let count, let last): "\(count) attempts failed, the last one because \(last)"
        case .undecodable(let event, let error): "the event \(event.event) is not of the type expected: \(error)"
        case .alreadyIterated: "an event source can be iterated once"
        }
    }
}
