import MartletEventStream

/// One open stream: what its body writes to, and what others send to by its id.
public struct EventClient: Sendable, Identifiable {
    /// Names an open stream, never used twice in one process.
    public struct ID: Sendable, Hashable, Codable, LosslessStringConvertible, FieldConvertible {
        /// Grows from one stream to the next.
        public let rawValue: UInt64

        package init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Reads the decimal number; nil where the text is none. Whether such a stream is open is for the hub to say.
        public init?(_ text: String) {
            guard let value = UInt64(text) else { return nil }
            rawValue = value
        }
        /// Lets an action take an id as a parameter.
        public init?(field: String) { self.init(field) }
        /// Reads a number.
        ///
        /// - Throws: `DecodingError` for anything else.
        public init(from decoder: any Decoder) throws {
            rawValue = try decoder.singleValueContainer().decode(UInt64.self)
        }
        /// Writes a number.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }
        /// Ends the message "must be …".
        public static var expectation: String { "the id of a client" }
        /// The number in decimal.
        public var description: String { "\(rawValue)" }
    }

    /// The name by which others send to this stream, or close it.
    public let id: ID
    /// The user that the stream was opened for.
    public let user: String?
    /// The peer and its connection.
    public let connection: ClientInfo
    let hub: EventHub
    /// nil for a stream without a body.
    let window: SendWindow?

    /// False from the moment that the stream ended, from either side.
    public var isConnected: Bool { hub.isConnected(id) }

    /// True from the moment that the application began to shut down: a body that could go on for long ends then.
    public var isShuttingDown: Bool { hub.isShuttingDown }

    /// Ends the stream behind what was sent.
    public func close() { hub.closeClient(id) }

    /// Waits while the peer is slower than what is sent to it.
    ///
    /// - Throws: `CancellationError` when the stream has ended, or the task was cancelled.
    public func whenWritable() async throws { try await hub.whenWritable(self) }

    /// Ends the stream behind a `martlet.error` event; the log says what it was.
    ///
    /// - Parameter farewell: the event's id.
    func fail(_ error: any Error, id farewell: String?) {
        hub.logger.error("an event stream's body failed", metadata: ["error": "\(error)", "client": "\(id)"])
        let known = error as? HTTPError
        let status = known?.status ?? .internalServerError
        // The stream ends whether this can be sent or not.
        _ = try? send(
            event: "martlet.error",
            data: ControlEvent.Failure(status: status.code, title: status.reasonPhrase, detail: known?.detail),
            id: farewell)
        close()
    }

    /// Sends what a sequence gives, no faster than the peer reads.
    func forward<S: AsyncSequence>(
        _ elements: S, _ event: (S.Element) throws -> ServerSentEvent
    ) async throws {
        for try await element in elements { try await hub.sendWhenWritable(event(element), to: self) }
    }
}
