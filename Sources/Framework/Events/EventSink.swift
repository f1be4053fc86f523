/// Where the events of one client go: a connection, or a test. Used on its event loop only.
package protocol EventSink: AnyObject {
    /// Queues a frame behind those before it.
    func write(_ frame: EventFrame)
    /// Sends what is queued.
    func flush()
    /// False while the peer is so slow that more would only wait in memory.
    var isWritable: Bool { get }
    /// The socket that may be given the chunk of the next frame past this sink; nil where something waits before that, or
    /// where frames go out in another form.
    var socket: Int32? { get }
    /// Sends the rest of a frame of which the socket has taken so many bytes.
    func write(_ frame: EventFrame, after sent: Int)
    /// Ends the stream behind what is queued.
    func end()
    /// Ends the stream now, with what is queued.
    func abort()
}

/// What has no socket.
extension EventSink {
    package var socket: Int32? { nil }
    package func write(_ frame: EventFrame, after sent: Int) {}
}
