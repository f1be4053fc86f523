/// Why an event cannot be written to an event stream.
public enum EventEncodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A CR or LF in the event's name would end its line and let the rest pose as another field.
    case lineBreakInEventName
    /// A CR or LF in the id would end its line and let the rest pose as another field.
    case lineBreakInID
    /// Clients ignore an id that contains NUL.
    case nullInID
    /// Less than 0, or beyond 2³¹ − 1 ms, the longest delay that timers in browsers keep.
    case retryOutOfRange(Duration)

    /// The reason as a clause, for a log; it quotes neither the name nor the id.
    public var description: String {
        switch self {
        case .lineBreakInEventName: "an event's name cannot contain CR or LF"
        case .lineBreakInID: "an event's id cannot contain CR or LF"
        case .nullInID: "an event's id cannot contain NUL"
        case .retryOutOfRange(let retry): "an event's retry is 0 to 2147483647 ms, not \(retry)"
        }
    }
}
