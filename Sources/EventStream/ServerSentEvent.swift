/// One block of an event stream as a value: what a server sends, before it is bytes.
///
/// Follows the WHATWG HTML standard, section 9.2 "Server-sent events".
public struct ServerSentEvent: Sendable, Hashable {
    /// The type that listeners subscribe to; `nil` or empty leaves the client's default, `message`. Holds no CR or LF.
    public var event: String?
    /// The text delivered; CR, LF and CRLF all reach the client as LF. `nil`: the client dispatches nothing.
    public var data: String?
    /// What the client sends back as `Last-Event-ID`; empty resets it. Holds no CR, LF or NUL.
    public var id: String?
    /// How long the client waits before it reconnects: 0 to 2³¹ − 1 ms, a fraction of a millisecond is dropped.
    public var retry: Duration?
    /// Text that clients ignore, written ahead of the fields.
    public var comment: String?
    /// False where a server's compressed streams are to carry it as it is: for what holds a secret beside text that others
    /// choose, whose compressed length would tell of the secret (BREACH). It does not stand on the wire.
    public var isCompressible: Bool

    /// Takes every member as it is; what the wire cannot carry is found by the encoder.
    public init(
        event: String? = nil,
        data: String? = nil,
        id: String? = nil,
        retry: Duration? = nil,
        comment: String? = nil,
        isCompressible: Bool = true
    ) {
        self.event = event
        self.data = data
        self.id = id
        self.retry = retry
        self.comment = comment
        self.isCompressible = isCompressible
    }
}
